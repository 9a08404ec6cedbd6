"""Who breaks things: carries out a plan, one fault after the other; what lasts goes on beside the next."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import httpx
import trio

from tests.e2e.arena_process import ArenaProcess
from tests.e2e.soak.plan import Fault, Planned
from tests.e2e.soak.records import Record
from tests.tcp_proxy import TcpProxy

DEATH = 30.0
"""Seconds that an orderly end may take."""
_HOW = {
    Fault.RATE_LIMITED: "rateLimited",
    Fault.SILENT: "silent",
    Fault.NONSENSE: "nonsense",
    Fault.LAGGING: "lagging",
}


class Injector:
    """Breaks `arena`, and the `wire` between it and its players, as planned."""

    def __init__(self, arena: ArenaProcess, wire: TcpProxy, record: Record) -> None:
        self._arena = arena
        self._wire = wire
        self._record = record
        self._misbehaving = trio.CancelScope()

    async def run(self, planned: Sequence[Planned], began: float) -> None:
        """All of it, each in its time or as soon as the one before is done. Then everything is whole again."""
        async with trio.open_nursery() as nursery:
            for fault in planned:
                await trio.sleep_until(began + fault.at)
                await self._strike(fault, nursery)

    async def _strike(self, planned: Planned, nursery: trio.Nursery) -> None:
        self._record.faults[planned.fault] += 1
        match planned.fault:
            case Fault.RATE_LIMITED | Fault.SILENT | Fault.NONSENSE | Fault.LAGGING:
                self._misbehaving.cancel()  # a node has one fault at a time
                nursery.start_soon(self._misbehave, planned)
            case Fault.FROZEN:
                nursery.start_soon(self._freeze, planned)
            case _:
                with self._record.fault(str(planned)):
                    await self._at_once(planned)

    async def _at_once(self, planned: Planned) -> None:
        arena = self._arena
        match planned.fault:
            case Fault.KILL_SERVER:
                arena.kill()
                await trio.sleep(planned.seconds)
                await arena.start()
            case Fault.KILL_ALL:
                self._kill(arena.kill_postgres)
                self._kill(arena.kill_chain)
                arena.kill()
                await trio.sleep(planned.seconds)
                await arena.start()
            case Fault.RESTART:
                arena.terminate()
                began = trio.current_time()
                if (code := await arena.died(within=DEATH)) != 0:
                    self._record.violation(f"the arena ended with code {code} when it was told to end")
                self._record.say(f"  ended in order after {trio.current_time() - began:.1f} s")
                await arena.start()
            case Fault.KILL_POSTGRES:
                self._kill(arena.kill_postgres)
                await self._whole_again()
            case Fault.KILL_CHAIN:
                self._kill(arena.kill_chain)
                await self._whole_again()
            case Fault.FORK:
                await self._fork(planned.options["slots"])
            case Fault.CUT:
                await self._wire.cut()

    def _kill(self, kill: Any) -> None:
        try:
            kill()
        except (OSError, ValueError, IndexError) as error:
            # it is dead already, or being started right now
            self._record.say(f"  not there to be killed: {type(error).__name__}")

    async def _whole_again(self) -> None:
        """Until the arena says that it can be played, which it notices that it cannot a moment after the fact."""
        await trio.sleep(1)
        async with httpx.AsyncClient(trust_env=False) as http:
            with trio.move_on_after(60) as limit:
                while True:
                    try:
                        if (await http.get(f"{self._arena.url}/api/v1/health")).status_code == 200:
                            return
                    except httpx.HTTPError:
                        pass
                    await trio.sleep(0.2)
            if limit.cancelled_caught:
                self._record.violation("the arena is not healthy a minute after the fault")

    async def _fork(self, slots: int) -> None:
        """As many slots as are not final, at most `slots`."""
        for count in range(slots, 0, -1):
            answer = await self._call_chain("arena_dropSlots", count)
            if answer is None:
                return
            if "result" in answer:
                dropped = answer["result"]
                self._record.say(f"  {count} slots dropped, {len(dropped['signatures'])} transactions")
                return
        self._record.say("  no slot to drop")

    async def _misbehave(self, planned: Planned) -> None:
        with trio.CancelScope() as scope, self._record.fault(str(planned)):
            self._misbehaving = scope
            how = {"how": _HOW[planned.fault], **planned.options}
            await self._call_chain("arena_misbehave", how)
            await trio.sleep(planned.seconds)
        if not scope.cancelled_caught:  # otherwise the next one has taken over
            await self._call_chain("arena_misbehave")

    async def _freeze(self, planned: Planned) -> None:
        with self._record.fault(str(planned)):
            self._wire.freeze()
            await trio.sleep(planned.seconds)
            self._wire.thaw()

    async def _call_chain(self, method: str, *params: object) -> dict[str, Any] | None:
        """What the chain's own methods answer; None when it is down at the moment."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        try:
            url = json.loads((self._arena.data_dir / "localnet" / "endpoints.json").read_text())["rpc_url"]
            async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
                answer: dict[str, Any] = (await http.post(url, json=body)).json()
                return answer
        except (OSError, ValueError, httpx.HTTPError) as error:
            self._record.say(f"  the chain is not there: {type(error).__name__}")
            return None
