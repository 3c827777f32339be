"""Migrations, one for each release that changed the tables."""
