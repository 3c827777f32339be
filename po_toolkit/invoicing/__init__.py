"""From purchase order to a sent invoice, once."""
