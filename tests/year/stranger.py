"""A stranger with the project's client and no token: keeps what is published, and checks it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from django.test import Client

from tests.client import command
from tests.client.service import Service
from tests.year.bot import at_the_api


@dataclass(kw_only=True)
class Live(Service):
    """Asks the API of this process, and leaves the token of the made-up service at home."""

    def answer(self, request: httpx.Request) -> httpx.Response:
        assert request.method == "GET"
        with at_the_api():
            given = Client().get(request.url.raw_path.decode(), headers=_kept(request))
            content = given.getvalue()
        names = {"transfer-encoding", "content-encoding", "content-length"}
        headers = {name: value for name, value in given.items() if name.lower() not in names}
        return httpx.Response(given.status_code, content=content, headers=headers)


@dataclass(kw_only=True)
class Stranger:
    directory: Path
    benchmark: str
    done: list[str] = field(default_factory=list)

    def run(self, name: str, *arguments: str) -> Any:
        """Run a command of the client, which must find nothing wrong."""
        self.done.append(f"holdout {name}")
        given = command.run(Live(), name, *arguments, "-b", self.benchmark)
        assert given.exit_code == 0, given.output
        return given

    def keep_head(self) -> None:
        """Verify the newest signed head with the key that was kept, beside all heads that were."""
        key, heads = self.directory / "keys.pem", self.directory / "heads.jsonl"
        if not key.exists():
            with at_the_api():
                found = Client().get("/api/v1/signing-keys/").json()
            key.write_text("".join(each["public_key"] for each in found["results"]))
        self.run("verify-head", "--public-key", str(key), "--keep", str(heads))


def _kept(request: httpx.Request) -> dict[str, str]:
    return {"Accept": request.headers.get("accept", "*/*")}
