"""A whole arena in the test's own process on the real local chain, and a node that says what a test tells it to."""

from tests.arena.chain.conftest import recipes, scripted_node
from tests.arena.chain.test_history import client, told
from tests.arena.game.conftest import arena, dsn, postgres_server

__all__ = ["arena", "client", "dsn", "postgres_server", "recipes", "scripted_node", "told"]
