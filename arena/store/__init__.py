"""The game's SQL."""
