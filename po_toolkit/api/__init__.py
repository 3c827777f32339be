"""The acts that need two rooms: short functions that every front end calls."""
