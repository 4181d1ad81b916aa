"""One attempt to tell a receiver: connected to the address that was checked, bounded, and read no further.

What comes back is a word for the team's list of deliveries: a status, or why there is none. Bodies of
answers are not read, redirects are not followed, and proxies of the environment are not used.
"""

import asyncio
import functools
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx

from webhooks import targets
from webhooks.targets import Address, Network, Target, TargetRefusedError

# For all of an attempt after the name was looked up, which has a limit of its own; a receiver that trickles
# gets no more.
MAX_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """How it went: a status, or none and a word."""

    result: str
    status: int | None = None

    @property
    def is_done(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def send(
    *,
    url: str,
    headers: Mapping[str, str],
    content: bytes,
    allowed: Sequence[Network],
    ports: Sequence[range],
) -> Attempt:
    """POST the content; never raises for anything that the receiver or the network does."""
    try:
        target = targets.parse(url=url, allowed=allowed, ports=ports)
        address = targets.resolve(target=target, allowed=allowed)
    except TargetRefusedError as refusal:
        return Attempt(result=f"not called: {refusal}")
    try:
        status = asyncio.run(_post(target, address, headers, content))
    except TimeoutError:
        return Attempt(result=f"no answer within {MAX_SECONDS:g} seconds")
    except httpx.ConnectError as error:
        # TLS fails some layers below, and of its error often nothing but the text comes up here.
        is_tls = isinstance(error.__context__, ssl.SSLError) or "SSL" in str(error)
        return Attempt(result="the TLS handshake failed" if is_tls else "no connection")
    except httpx.HTTPError:
        return Attempt(result="the connection broke")
    return Attempt(status=status, result=f"status {status}")


async def _post(
    target: Target, address: Address, headers: Mapping[str, str], content: bytes
) -> int:
    """Return the status of the answer."""
    host = f"[{address}]" if address.version == 6 else str(address)
    async with (
        # Over all of it: httpx's own limit is of each wait for some bytes.
        asyncio.timeout(MAX_SECONDS),
        httpx.AsyncClient(verify=_tls(), trust_env=False, timeout=MAX_SECONDS) as client,
        client.stream(
            "POST",
            f"{target.scheme}://{host}:{target.port}{target.path}",
            headers={**headers, "Host": target.authority},
            content=content,
            # The connection goes to a number, and the certificate is of the name.
            extensions={"sni_hostname": target.host},
        ) as response,
    ):
        return response.status_code


@functools.cache
def _tls() -> ssl.SSLContext:
    # Once: all trusted certificates are read for it.
    return httpx.create_ssl_context()
