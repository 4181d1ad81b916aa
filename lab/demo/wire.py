"""One kept connection to the service, by the standard library alone.

A play sends some ten thousand requests from the processors that also answer them, and a full HTTP client
takes as much time for a poll as the service does.
"""

import json
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, NamedTuple
from urllib.parse import urlsplit

# What a request may end with when the service is away, or has closed the connection meanwhile.
TROUBLES = (OSError, HTTPException)


class Answer(NamedTuple):
    status: int
    # With their names in lower case.
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Wire:
    """Requests with one team's token, one after the other; use it from one thread."""

    def __init__(self, *, url: str, token: str, seconds: float) -> None:
        address = urlsplit(url)
        kind = HTTPSConnection if address.scheme == "https" else HTTPConnection
        self._connection = kind(address.hostname or "", address.port, timeout=seconds)
        self._usual = {"Authorization": f"Bearer {token}"}

    def ask(
        self, method: str, path: str, *, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        """Send and wait for the answer; after one of `TROUBLES` the next request connects anew."""
        try:
            self._connection.request(method, path, body=body, headers={**self._usual, **headers})
            with self._connection.getresponse() as response:
                fields = {name.lower(): value for name, value in response.getheaders()}
                return Answer(status=response.status, headers=fields, body=response.read())
        # Whatever ended it: its answer may still come, and would stand in the way of the next one.
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        self._connection.close()
