"""From which address a request comes. Pure functions.

The peer of the socket, unless that is one of our own proxies: then the last one in the proxy's header that is not. What
is to the left of that was written by the client, and counts for nothing. Only the header that is configured is looked
at: a proxy passes on the other one as the client sent it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, Literal, TypeAlias

from werkzeug.datastructures import Headers

from arena.settings import Settings

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network
ProxyHeader: TypeAlias = Literal["X-Forwarded-For", "Forwarded"]

IPV6_PREFIX: Final = 64
"""Bits of an IPv6 address that name a customer; the others are the customer's to choose."""
MAX_HOPS: Final = 16
"""Proxies that are looked back through."""
MAX_HEADER: Final = 8192
"""Characters of the header that are looked at: of X-Forwarded-For the last ones, a longer Forwarded is malformed."""

_PAIR = re.compile(r'\s*(?:([\w.-]+)\s*=\s*([^\s;,"]+|"(?:[^"\\]|\\.)*")\s*)?(;|,|\Z)')
_WITH_PORT = re.compile(r"\[([^\[\]]*)\](?::[\w.-]*)?|([\d.]+):[\w.-]*")


class ForwardedMalformed(ValueError):
    """A Forwarded header is not what RFC 7239 says."""


def client_key(settings: Settings, peer: tuple[str, int] | None, headers: Headers) -> str:
    """What stands for the client's address in limits: with IPv6 its whole /64.

    Args:
        peer: of the socket, as ASGI has it; None, a client without an address, is local.
    """
    header = settings.arena_proxy_header
    try:
        address = client_address(
            peer[0] if peer else None,
            headers.getlist(header),
            trusted=settings.arena_trusted_proxies,
            header=header,
        )
    except ForwardedMalformed:
        return "malformed"  # not the proxy's: its own requests, such as for our health, must not be counted with these
    match address:
        case None:
            return "local"
        case IPv4Address():
            return str(address)
        case IPv6Address():
            network = int(address) >> (128 - IPV6_PREFIX) << (128 - IPV6_PREFIX)
            return f"{IPv6Address(network)}/{IPV6_PREFIX}"


def client_address(
    peer: str | None,
    forwarded: Iterable[str],
    *,
    trusted: Sequence[Network],
    header: ProxyHeader = "X-Forwarded-For",
) -> Address | None:
    """The address of the client.

    Args:
        peer: of the socket; None if it has none.
        forwarded: the values of `header`, in their order.
        trusted: networks of our proxies.

    Returns:
        None only if the peer has no address. A header that makes no sense ends the search: then it is the nearest
        address that a proxy of ours vouches for.

    Raises:
        ForwardedMalformed: a Forwarded header that a client has spoilt, so that nothing in it can be told from another.
    """
    address = _parse(peer or "")
    if address is None or not _is_trusted(address, trusted):
        return address
    text = ",".join(forwarded)
    hops = _split(text[-MAX_HEADER:]) if header == "X-Forwarded-For" else _split_forwarded(text)
    for hop in reversed(hops[-MAX_HOPS:]):
        found = _parse(hop)
        if found is None:
            return address
        address = found
        if not _is_trusted(address, trusted):
            return address
    return address


def is_trusted(peer: str, trusted: Sequence[Network]) -> bool:
    """Whether the other end of a socket is one of our proxies."""
    address = _parse(peer)
    return address is not None and _is_trusted(address, trusted)


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")] if text.strip() else []


def _split_forwarded(text: str) -> list[str]:
    """The `for` of each element (RFC 7239), empty where there is none.

    Read strictly from its beginning: a quote that a client left open would otherwise turn what the proxy adds into a
    part of what the client wrote.

    Raises:
        ForwardedMalformed: not by the grammar.
    """
    hops = [""]
    place = 0
    while place < len(text):
        found = _PAIR.match(text, place)
        if found is None or len(text) > MAX_HEADER:
            raise ForwardedMalformed
        name, value, end = found.groups()
        if name is not None and name.lower() == "for":
            if hops[-1]:
                raise ForwardedMalformed
            hops[-1] = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
        place = found.end()
        if end == ",":
            hops.append("")
    return hops


@lru_cache(maxsize=1024)
def _parse(text: str) -> Address | None:
    """An address, with or without a port; one of IPv4 in IPv6 is that of IPv4."""
    if "%" in text or len(text) > 80:
        return None  # a zone means something on one machine only
    if found := _WITH_PORT.fullmatch(text):
        text = found[1] or found[2] or ""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _is_trusted(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted)
