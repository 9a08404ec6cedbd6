"""What users are told when something inside fails."""

import pytest
import trio

from actors import ActorCrashed, ActorStopped, MailboxFull, UnknownActor
from arena.chain.client import ChainUnavailable
from arena.edge.failures import as_problem
from arena.problems import Problem
from persistence import DatabaseUnavailable


def crashed(cause: Exception) -> ActorCrashed:
    error = ActorCrashed("/game/bots/1", "PriceMessage")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DatabaseUnavailable("gone"), "database_unavailable"),
        (ChainUnavailable("gone"), "chain_unavailable"),
        (trio.TooSlowError(), "busy"),
        (MailboxFull("/game/bots/1", 256), "busy"),
        (ActorStopped("/game/bots/1", "stopping"), "actor_unavailable"),
        (UnknownActor("/game/bots/1"), "actor_unavailable"),
        (crashed(ValueError("a fault of ours")), "actor_unavailable"),
        (crashed(DatabaseUnavailable("gone")), "database_unavailable"),
        (crashed(crashed(ChainUnavailable("gone"))), "chain_unavailable"),
        (ExceptionGroup("one", [DatabaseUnavailable("gone")]), "database_unavailable"),
    ],
)
def test_an_outage_can_be_waited_for(error: Exception, code: str) -> None:
    problem = as_problem(error)
    assert problem is not None
    assert (problem.code, problem.status) == (code, 503)
    assert problem.extra["retry_after"]


def test_nothing_from_inside_is_told() -> None:
    for error in (DatabaseUnavailable("secret-host"), crashed(ValueError("secret-host"))):
        assert "secret-host" not in str(as_problem(error))


def test_a_problem_is_itself() -> None:
    problem = Problem("quote_unknown", "No quote", 409)
    assert as_problem(problem) is problem


@pytest.mark.parametrize(
    "error", [ValueError("a fault of ours"), ExceptionGroup("two", [trio.TooSlowError(), ValueError()])]
)
def test_a_fault_of_ours_is_no_problem_of_theirs(error: Exception) -> None:
    assert as_problem(error) is None
