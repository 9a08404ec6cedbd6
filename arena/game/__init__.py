"""The game's actors and their messages."""
