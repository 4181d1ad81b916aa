"""Where webhooks may lead: to addresses of the open internet, and to networks and ports that settings allow.

A team names the address, so whoever follows it acts for the team from within this network. The check is
of numeric addresses, and the connection goes to the very address that was checked: a name that leads
elsewhere a moment later leads nowhere.
"""

import ipaddress
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from webhooks import lookups
from webhooks.lookups import LookUpTooSlowError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MAX_URL = 500
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
# The one block of IPv6 that hosts of the internet are in: whatever else may come is refused at first.
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


def parse(*, url: str, allowed: Sequence[Network], ports: Sequence[range]) -> Target:
    """Split a webhook's address, checked as far as it can be without asking anybody.

    Raises:
        TargetRefusedError: not of that form, or it leads where nobody may be called whatever its name
            means today.
    """
    parts = re.fullmatch(PATTERN, url, re.ASCII) if len(url) <= MAX_URL else None
    port = 0 if parts is None else int(parts["port"] or PORTS[parts["scheme"]])
    if parts is None or not 0 < port < 65_536:
        raise TargetRefusedError(
            f"https://HOST[:PORT]/PATH of at most {MAX_URL} characters, with no user or fragment"
        )
    # RFC 1035, section 2.3.4.
    if any(len(label) > 63 for label in (parts["name"] or "").split(".")):
        raise TargetRefusedError(
            "a host's name whose parts between dots have at most 63 characters"
        )
    target = Target(
        scheme=parts["scheme"],
        host=(parts["numeric"] or parts["name"]).lower(),
        port=port,
        path=(parts["path"] or "/") + (parts["query"] or ""),
    )
    # Whoever names any port can ask what else listens at a host, and speak to it.
    if not any(port in each for each in ports):
        named = ", ".join(
            str(each.start) if len(each) == 1 else f"{each.start}-{each.stop - 1}" for each in ports
        )
        raise TargetRefusedError(f"port {port} is not one that this installation calls: {named}")
    _check_without_asking(target, allowed=allowed)
    return target


def resolve(*, target: Target, allowed: Sequence[Network]) -> Address:
    """Choose the address to connect to. Every address of the name must be allowed, not only that one.

    Raises:
        TargetRefusedError: the name has no address, or one that may not be called, or its name servers do
            not answer in time.
    """
    try:
        # In the system's order of preference.
        addresses = _numeric(target) or [*map(_address, lookups.addresses(host=target.host))]
    except LookUpTooSlowError:
        raise TargetRefusedError(
            f"the host's name was not looked up within {lookups.MAX_SECONDS:g} seconds"
        ) from None
    if not addresses:
        raise TargetRefusedError("the host's name has no address")
    if len(addresses) > lookups.MAX_ADDRESSES:
        raise TargetRefusedError("the host's name has too many addresses")
    for address in addresses:
        _check(address, scheme=target.scheme, allowed=allowed)
    return addresses[0]


def is_open_internet(address: Address) -> bool:
    """Tell whether an address is one host of the open internet, and leads to no other by translation."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_open_internet(address.ipv4_mapped)
        is_translated = address.sixtofour is not None or address.teredo is not None
        return address in _GLOBAL_UNICAST and address.is_global and not is_translated
    return address.is_global and not address.is_multicast


def _check_without_asking(target: Target, *, allowed: Sequence[Network]) -> None:
    numeric = _numeric(target)
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


def _numeric(target: Target) -> list[Address]:
    """Read the address that a numeric host is, in any of its forms; none if it is a name. Nobody is asked."""
    try:
        found = socket.getaddrinfo(
            target.host, target.port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
        )
    except (OSError, UnicodeError):
        return []
    return [_address(str(entry[4][0])) for entry in found]


def _address(text: str) -> Address:
    # What stands behind a % names an interface of this machine.
    return ipaddress.ip_address(text.partition("%")[0])
