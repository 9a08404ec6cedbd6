"""Handing committed transactions to the submitter, also when that has no room at the moment."""

from __future__ import annotations

import structlog
import trio

from actors import Context
from arena.chain.submitter import Outgoing, SubmitterFull
from arena.game.services import Services

log = structlog.get_logger(__name__)

PAUSE = 1.0


class Submission:
    """One actor's way to the submitter."""

    def __init__(self, services: Services, context: Context) -> None:
        self._services = services
        self._context = context

    def submit(self, outgoing: Outgoing) -> None:
        """Hand over a transaction that is committed. A submitter without room gets it again, later."""
        try:
            self._services.submitter.submit(outgoing)
        except SubmitterFull as error:
            log.warning("submission_postponed", bot_id=str(outgoing.bot_id), reason=str(error))
            self._context.start_task(self._submit_later, outgoing, name="submission")

    async def _submit_later(self, outgoing: Outgoing) -> None:
        while True:
            await trio.sleep(PAUSE)
            try:
                self._services.submitter.submit(outgoing)
            except SubmitterFull:
                continue
            return
