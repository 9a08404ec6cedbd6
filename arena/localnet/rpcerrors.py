"""JSON-RPC errors with the codes and words of real nodes."""

from arena.localnet.transactions import Json, error_text
from arena.localnet.vm import Execution


class RpcError(Exception):
    """Answered as the `error` member of a response."""

    def __init__(self, code: int, message: str, data: Json = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data

    def body(self) -> dict[str, Json]:
        body: dict[str, Json] = {"code": self.code, "message": self.message}
        return body if self.data is None else {**body, "data": self.data}


def parse_error() -> RpcError:
    return RpcError(-32700, "Parse error")


def invalid_request(message: str = "Invalid request") -> RpcError:
    return RpcError(-32600, message)


def method_not_found() -> RpcError:
    return RpcError(-32601, "Method not found")


def not_for_tests(method: str, option: str) -> RpcError:
    return RpcError(-32601, f"{method} is for tests: start the local chain with {option} to have it")


def invalid_params(message: str) -> RpcError:
    return RpcError(-32602, message)


def internal_error(message: str = "Internal error") -> RpcError:
    return RpcError(-32603, message)


def preflight_failure(execution: Execution) -> RpcError:
    data: dict[str, Json] = {
        "accounts": None,
        "err": execution.error,
        "innerInstructions": None,
        "logs": list(execution.logs),
        "replacementBlockhash": None,
        "returnData": execution.return_data,
        "unitsConsumed": execution.units,
    }
    return RpcError(-32002, f"Transaction simulation failed: {error_text(execution.error)}", data)


def signature_verification_failure() -> RpcError:
    return RpcError(-32003, "Transaction signature verification failure")


def unsupported_version(version: int) -> RpcError:
    return RpcError(
        -32015,
        f"Transaction version ({version}) is not supported by the requesting client. Please try the request "
        f'again with the following configuration parameter: "maxSupportedTransactionVersion": {version}',
    )


def min_context_slot_not_reached(slot: int) -> RpcError:
    return RpcError(-32016, "Minimum context slot has not been reached", {"contextSlot": slot})
