"""The tables that close the books; read-only."""
