"""The chat as the arena serves it: our actors behind our gateway. `python -m benchmarks.chat.on_gateway PORT`."""

from __future__ import annotations

import sys

import trio

from benchmarks.chat.conversation import open_chat
from benchmarks.harness.gateway import serve


async def main(port: int) -> None:
    async with open_chat() as conversation:
        await serve(conversation, port)


if __name__ == "__main__":
    trio.run(main, int(sys.argv[1]))
