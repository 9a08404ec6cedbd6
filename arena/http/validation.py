"""Bodies and query strings as pydantic models, from which the OpenAPI document follows, too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Concatenate, Final, ParamSpec, TypeVar

from pydantic import BaseModel, ValidationError
from quart import Response, g, request
from quart_schema import document_querystring, document_request
from quart_trio.wrappers import TrioResponse

from arena.http.problems import invalid
from arena.problems import Problem

P = ParamSpec("P")
ModelT = TypeVar("ModelT", bound=BaseModel)
OPTIONAL_BODY: Final = "arena_optional_body"
"""The attribute of a handler that says whether its body may be left out."""

Handler = Callable[P, Awaitable[Response]]


def body(
    model: type[ModelT], *, optional: bool = False
) -> Callable[[Callable[Concatenate[ModelT, P], Awaitable[Response]]], Handler[P]]:
    """Hand the JSON body to the handler as its first argument; if it is optional, none at all is an empty object.

    Raises:
        Problem: `media_type_unsupported`, `body_malformed` or `validation_failed`.
    """

    def decorate(handler: Callable[Concatenate[ModelT, P], Awaitable[Response]]) -> Handler[P]:
        @wraps(handler)
        async def handle(*args: P.args, **kwargs: P.kwargs) -> Response:
            if not (request.is_json or (optional and request.content_type is None)):
                raise Problem("media_type_unsupported", "Send JSON", 415, "Content-Type: application/json")
            data = await request.get_data(cache=False, as_text=False, parse_form_data=False)
            g.body = data  # for arena.http.idempotency
            if optional and not data:
                data = b"{}"
            try:
                # strict: an amount is a number, not a text that looks like one
                parsed = model.model_validate_json(data, strict=True)
            except ValidationError as error:
                if error.errors(include_input=False)[0]["type"] == "json_invalid":
                    raise Problem("body_malformed", "The body is not JSON", 400) from None
                raise invalid(error, "body") from None
            return await handler(parsed, *args, **kwargs)

        document_request(model)(handle)
        setattr(handle, OPTIONAL_BODY, optional)
        return handle

    return decorate


def query(
    model: type[ModelT],
) -> Callable[[Callable[Concatenate[ModelT, P], Awaitable[Response]]], Handler[P]]:
    """Hand the query string to the handler as its first argument.

    Raises:
        Problem: `validation_failed`; a parameter that is given twice is an error, too.
    """

    def decorate(handler: Callable[Concatenate[ModelT, P], Awaitable[Response]]) -> Handler[P]:
        @wraps(handler)
        async def handle(*args: P.args, **kwargs: P.kwargs) -> Response:
            values = {
                name: found[0] if len(found) == 1 else found
                for name, found in request.args.to_dict(flat=False).items()
            }
            try:
                parsed = model.model_validate(values)
            except ValidationError as error:
                raise invalid(error, "query") from None
            return await handler(parsed, *args, **kwargs)

        document_querystring(model)(handle)
        return handle

    return decorate


def answer(model: BaseModel, status: int = 200) -> Response:
    """The model as the response's JSON."""
    return TrioResponse(model.model_dump_json(), status=status, content_type="application/json")
