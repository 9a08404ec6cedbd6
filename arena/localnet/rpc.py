"""JSON-RPC 2.0: from the bytes of a request (or a batch) to the bytes of its answer."""

import json
import logging

import trio

from arena.localnet.fault_methods import FAULT_METHODS
from arena.localnet.methods import METHODS, Method
from arena.localnet.node import Node
from arena.localnet.params import Params
from arena.localnet.rpcerrors import (
    RpcError,
    internal_error,
    invalid_params,
    invalid_request,
    method_not_found,
    parse_error,
)
from arena.localnet.transactions import Json

log = logging.getLogger(__name__)


class Call:
    """One validated request object; `id` is None for a notification, which gets no answer."""

    __slots__ = ("id", "is_notification", "method", "params")

    def __init__(self, request: Json) -> None:
        if not isinstance(request, dict) or request.get("jsonrpc") != "2.0":
            raise invalid_request()
        method, params = request.get("method"), request.get("params")
        if not isinstance(method, str):
            raise invalid_request()
        self.id = request_id(request)
        self.is_notification = "id" not in request
        self.method = method
        match params:
            case None:
                self.params = Params([])
            case list():
                self.params = Params(params)
            case dict():
                raise invalid_params("Invalid params: positional parameters expected")
            case _:
                raise invalid_request()


def parse(body: bytes) -> Json:
    """Strict JSON.

    Raises:
        RpcError: a parse error.
    """
    try:
        parsed: Json = json.loads(body.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise parse_error() from error
    return parsed


def request_id(request: Json) -> Json:
    """The id to answer with: null when there is none that JSON-RPC allows."""
    value = request.get("id") if isinstance(request, dict) else None
    return value if isinstance(value, str | int | float) and not isinstance(value, bool) else None


def result_body(identity: Json, result: Json) -> bytes:
    return _dump({"jsonrpc": "2.0", "result": result, "id": identity})


def error_body(identity: Json, error: RpcError) -> bytes:
    return _dump({"jsonrpc": "2.0", "error": error.body(), "id": identity})


def methods_of(body: bytes) -> frozenset[str]:
    """The methods that a body asks for; none, if it is not understood."""
    try:
        request = parse(body)
    except RpcError:
        return frozenset()
    calls = request if isinstance(request, list) else [request]
    methods = (call.get("method") for call in calls if isinstance(call, dict))
    return frozenset(method for method in methods if isinstance(method, str))


async def answer(node: Node, body: bytes) -> bytes:
    """Answer a body; empty when it held only notifications."""
    try:
        request = parse(body)
        if not isinstance(request, list):
            return await _answer_one(node, request) or b""
        if not request:
            raise invalid_request()
        limit = node.config.limits.batch
        if len(request) > limit:
            raise invalid_request(f"Batch too large: {len(request)} requests (max: {limit})")
    except RpcError as error:
        return error_body(None, error)
    answers: list[bytes] = []
    for item in request:
        one = await _answer_one(node, item)
        if one is not None:
            answers.append(one)
        await trio.lowlevel.checkpoint()
    return b"[" + b",".join(answers) + b"]" if answers else b""


async def _answer_one(node: Node, request: Json) -> bytes | None:
    try:
        call = Call(request)
        result = await _method(call.method)(node, call.params)
    except RpcError as error:
        is_notification = isinstance(request, dict) and "id" not in request and "method" in request
        return None if is_notification else error_body(request_id(request), error)
    except Exception:
        # The barrier of one request: a bug in one method must not take the chain down. It is logged in full.
        log.exception("a request failed: %.500r", request)
        return error_body(request_id(request), internal_error())
    return None if call.is_notification else result_body(call.id, result)


def _method(name: str) -> Method:
    method = METHODS.get(name) or FAULT_METHODS.get(name)
    if method is None:
        raise method_not_found()
    return method


def _dump(value: Json) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _refuse(constant: str) -> Json:
    raise ValueError(f"{constant} is not JSON")
