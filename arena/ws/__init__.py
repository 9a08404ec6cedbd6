"""Websocket conversations and frames."""
