from collections.abc import Iterator
def check(history) -> Iterator[str]:
    yield from ()
