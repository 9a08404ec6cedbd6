"""Logs: for people in a terminal, or one JSON object a line."""

from __future__ import annotations

import logging
import sys

import structlog

from actors import current_actor
from arena.settings import Settings


def configure_logs(settings: Settings) -> None:
    """Send all logs, ours and those of libraries, to standard error in one format."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        add_actor,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    # tracebacks without the values of variables: those may be secrets
    renderers: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if settings.arena_log_format == "json"
        else [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.arena_log_level.upper())
    # what a library does with each request is not for an operator's eyes, least of all a prompt
    for noisy in ("httpx", "httpcore", "httpx2", "httpcore2", "openai", "hypercorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def add_actor(
    logger: object,  # noqa: ARG001 (a processor of structlog)
    method_name: str,  # noqa: ARG001
    event: structlog.typing.EventDict,
) -> structlog.typing.EventDict:
    """Say which actor logs, and at which message; never what is in it. What the line itself says counts first."""
    current = current_actor()
    if current is None:
        return event
    event.setdefault("actor", current.path)
    if current.message is not None:
        event.setdefault("message", current.message)
        event.setdefault("message_id", current.message_id)
    return event
