"""Durable state in Postgres, from trio."""
