"""File → rows → purchase orders and problems. Nothing here writes or knows the database."""
