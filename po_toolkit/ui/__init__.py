"""One function for each screen of the app."""
