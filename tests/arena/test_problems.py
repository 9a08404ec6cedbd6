import json

import pytest

from arena.problems import Problem, forbidden, not_found, unavailable


def test_a_problem_renders_as_a_problem_document() -> None:
    problem = Problem("quote_expired", "The quote has expired", 409, "ask for a new one", {"amount": 5})
    document = problem.document("/api/v1/chats/1")
    assert json.loads(json.dumps(document)) == {
        "type": "urn:arena:problem:quote_expired",
        "title": "The quote has expired",
        "status": 409,
        "code": "quote_expired",
        "detail": "ask for a new one",
        "instance": "/api/v1/chats/1",
        "amount": 5,
    }
    assert str(problem) == "quote_expired: ask for a new one"


def test_what_is_empty_is_left_out() -> None:
    assert Problem("a", "A", 400).document().keys() == {"type", "title", "status", "code"}


@pytest.mark.parametrize("code", ["", "Bad", "with space", "with-dash", "1st", "new\nline\n"])
def test_a_code_is_snake_case(code: str) -> None:
    with pytest.raises(ValueError, match="snake_case"):
        Problem(code, "T", 400)


@pytest.mark.parametrize("status", [200, 302, 399, 600])
def test_a_status_is_an_error(status: int) -> None:
    with pytest.raises(ValueError, match="HTTP error"):
        Problem("code", "T", status)


def test_extra_members_do_not_replace_standard_ones() -> None:
    with pytest.raises(ValueError, match="status"):
        Problem("code", "T", 400, extra={"status": 200})


def test_common_problems() -> None:
    assert (not_found("bot").code, not_found("bot").status) == ("bot_not_found", 404)
    assert forbidden("not your bot").status == 403
    problem = unavailable("database", retry_after=3)
    assert (problem.code, problem.status, problem.extra["retry_after"]) == ("database_unavailable", 503, 3)
