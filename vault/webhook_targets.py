"""Where webhooks may lead: to addresses of the open internet, and to networks that a setting allows.

A team names the address, so whoever follows it acts for the team from within this network. The check is
of numeric addresses, and the connection goes to the very address that was checked: a name that leads
elsewhere a moment later leads nowhere.
"""

import ipaddress
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST_URL = 500
# Of RFC 3986 what a receiver needs.
_CHARACTER = r"(?:[\w\-.~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})"
PATTERN = (
    r"(?P<scheme>https?)://"
    r"(?:(?P<name>[A-Za-z0-9](?:[\w.\-]*[A-Za-z0-9])?\.?)|\[(?P<numeric>[0-9A-Fa-f:.]+)\])"
    r"(?::(?P<port>[0-9]{1,5}))?"
    rf"(?P<path>/{_CHARACTER}*)?(?P<query>\?(?:{_CHARACTER}|\?)*)?"
)
PORTS = {"https": 443, "http": 80}
# Names that lead into a local network wherever they are looked up (RFC 6761, RFC 6762, RFC 9476).
_LOCAL_NAMES = re.compile(r"([^.]+|.*\.(localhost|local|internal|lan|home\.arpa|test|invalid))\.?")
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")


class TargetRefusedError(Exception):
    """The address may not be called; the message says why, without what was found out about it."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A webhook's address, taken apart."""

    scheme: str
    host: str
    port: int
    # Path and query, as they are sent.
    path: str

    @property
    def authority(self) -> str:
        """The `Host` field."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == PORTS[self.scheme] else f"{name}:{self.port}"


def parse(*, url: str, allowed: Sequence[Network]) -> Target:
    """The parts of a webhook's address, checked as far as it can be without asking anybody.

    Raises:
        TargetRefusedError: not of that form, or it leads where nobody may be called whatever its name
            means today.
    """
    parts = re.fullmatch(PATTERN, url, re.ASCII) if len(url) <= LONGEST_URL else None
    if parts is None or not 0 < int(parts["port"] or PORTS[parts["scheme"]]) < 65_536:
        raise TargetRefusedError(
            f"https://HOST[:PORT]/PATH of at most {LONGEST_URL} characters, with no user or fragment"
        )
    target = Target(
        scheme=parts["scheme"],
        host=(parts["numeric"] or parts["name"]).lower(),
        port=int(parts["port"] or PORTS[parts["scheme"]]),
        path=(parts["path"] or "/") + (parts["query"] or ""),
    )
    _check_without_asking(target, allowed=allowed)
    return target


def resolve(*, target: Target, allowed: Sequence[Network]) -> Address:
    """The address to connect to. Every address of the name must be allowed, not only that one.

    Raises:
        TargetRefusedError: the name has no address, or one that may not be called.
    """
    addresses = _addresses(target, flags=0)
    if not addresses:
        raise TargetRefusedError("the host's name has no address")
    for address in addresses:
        _check(address, scheme=target.scheme, allowed=allowed)
    return addresses[0]


def is_open_internet(address: Address) -> bool:
    """Whether an address is one host of the open internet, and leads to no other by translation."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_open_internet(address.ipv4_mapped)
        is_translated = address.sixtofour is not None or address.teredo is not None
        return address in _GLOBAL_UNICAST and address.is_global and not is_translated
    return address.is_global and not address.is_multicast


def _check_without_asking(target: Target, *, allowed: Sequence[Network]) -> None:
    numeric = _addresses(target, flags=socket.AI_NUMERICHOST)
    for address in numeric:
        _check(address, scheme=target.scheme, allowed=allowed)
    if ":" in target.host and not numeric:
        raise TargetRefusedError("not an address of IPv6 in brackets")
    # Where networks are allowed, local names and plain HTTP may lead there: see `resolve`.
    if numeric or allowed:
        return
    if target.scheme != "https":
        raise TargetRefusedError("an address that begins with https://")
    if _LOCAL_NAMES.fullmatch(target.host):
        raise TargetRefusedError("a name that is known everywhere, not a local one")


def _check(address: Address, *, scheme: str, allowed: Sequence[Network]) -> None:
    plain = getattr(address, "ipv4_mapped", None) or address
    if any(plain in network for network in allowed):
        return
    if not is_open_internet(address):
        raise TargetRefusedError("no address of a private, local or reserved network")
    if scheme != "https":
        raise TargetRefusedError("an address that begins with https://")


def _addresses(target: Target, *, flags: int) -> list[Address]:
    """In the system's order of preference; a numeric host in any of its forms is one."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM, flags=flags)
    except (OSError, UnicodeError):
        return []
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
