"""What a bot thinks with."""
