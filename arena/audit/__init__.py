"""Checking the money: a bot's life told again from the chain, and compared with the rows of the database."""
