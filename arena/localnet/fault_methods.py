"""The methods that tests have and real nodes have not: forks, and a node that misbehaves."""

from collections.abc import Awaitable, Callable, Mapping

from arena.localnet.bank import Commitment
from arena.localnet.errors import LedgerFailed
from arena.localnet.faults import NONSENSE, Fault, Misbehaviour
from arena.localnet.node import Node
from arena.localnet.params import Params
from arena.localnet.rpcerrors import internal_error, invalid_params, not_for_tests
from arena.localnet.transactions import Json

_DROP, _MISBEHAVE = "arena_dropSlots", "arena_misbehave"
_LONGEST_RETRY_AFTER = 3600


async def drop_slots(node: Node, params: Params) -> Json:
    """Abandon the newest slots in a fork: `[count]`, or `[{"from": slot}]`. What is final stays."""
    if not node.config.forkable:
        raise not_for_tests(_DROP, "--forkable")
    params.at_most(1)
    last = node.bank.slot
    final = node.bank.slot_at(Commitment.FINALIZED)
    if params.is_integer(0):
        first = last - params.integer(0, "slots") + 1
    else:
        chosen = params.config(0).integer("from")
        if chosen is None:
            raise invalid_params("Invalid params: say how many slots, or from which one")
        first = chosen
    if first > last:
        raise invalid_params(f"Invalid params: no slot to drop; the newest is {last}")
    if first <= final:
        raise invalid_params(f"Slot {first} is final or before that: only those since {final + 1} can go")
    try:
        dropped = await node.drop(first)
    except (OSError, LedgerFailed) as error:
        raise internal_error(f"the ledger cannot be written: {error}") from error
    signatures: Json = [str(entry.signature) for entry in reversed(dropped)]
    return {"first": first, "last": last, "signatures": signatures}


async def misbehave(node: Node, params: Params) -> Json:
    """Answer badly from now on; see `faults`. `[]`, `[null]` or `[{}]`: properly again."""
    if not node.config.faulty:
        raise not_for_tests(_MISBEHAVE, "--faulty")
    params.at_most(1)
    config = params.config(0)
    how = config.choice("how", ("", *Fault), "")
    methods = config.texts("methods", 64)
    body = config.text("body")
    misbehaviour = Misbehaviour(
        Fault(how or Fault.SILENT),
        methods=None if methods is None else frozenset(methods),
        requests=config.integer("requests"),
        retry_after=config.integer("retryAfter", maximum=_LONGEST_RETRY_AFTER) or 0,
        body=NONSENSE if body is None else body.encode(),
        slots=config.integer("slots", maximum=node.config.limits.lag) or 0,
    )
    node.misbehave(misbehaviour if how else None)
    return True


FAULT_METHODS: Mapping[str, Callable[[Node, Params], Awaitable[Json]]] = {
    _DROP: drop_slots,
    _MISBEHAVE: misbehave,
}
