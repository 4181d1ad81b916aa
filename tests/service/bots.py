"""Bots as pipelines run them: they crash in the middle of a request, start again and know only their key.

Each bot hands in one file after the other. Before the next it must have seen the score of the last.
"""

import asyncio
import random
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
import numpy as np

from tests.service.staging import csv_file

# The longest that a request may take before its bot is killed, if it is to be killed.
KILLED_WITHIN = 0.08
PATIENCE = 90.0
T = TypeVar("T")


@dataclass(kw_only=True)
class Bot:
    """One bot of a team: its files are drawn from its own seed, so that no two are alike."""

    name: str
    seed: int
    slug: str
    http: httpx.AsyncClient
    # Of each file handed in: its key, and the submission whose score was seen.
    seen: dict[str, str] = field(default_factory=dict)
    crashes: int = 0
    retries: int = 0

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._files = np.random.default_rng(self.seed)

    async def work(self, *, until: float) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() < until:
            key = f"{self.name}/{len(self.seen)}"
            self.seen[key] = await self._scored(key, csv_file(self._files))
            await asyncio.sleep(self._chance.uniform(0, 2))

    async def _scored(self, key: str, body: bytes) -> str:
        """Hand in and poll, over as many lives as it takes; the id of the scored submission."""
        end = asyncio.get_running_loop().time() + PATIENCE
        found: str | None = None
        while asyncio.get_running_loop().time() < end:
            try:
                if found is None:
                    found = await self._dying(self._found_or_submitted(key, body))
                elif await self._dying(self._is_scored(found)):
                    return found
            except (httpx.TransportError, TimeoutError):
                # A new life: what was known is lost, but for what the pipeline can work out again.
                self.crashes += 1
                if self._chance.random() < 0.5:
                    found = None
                await asyncio.sleep(self._chance.uniform(0, 0.3))
        raise AssertionError(f"{self.name} did not see the score of {key}")

    async def _dying(self, life: Coroutine[Any, Any, T]) -> T:
        """One request in seven is cut off at a random moment: its bot was killed."""
        if self._chance.random() < 1 / 7:
            return await asyncio.wait_for(life, self._chance.uniform(0, KILLED_WITHIN))
        return await life

    async def _found_or_submitted(self, key: str, body: bytes) -> str | None:
        if self._chance.random() < 0.3:
            listed = await self.http.get(
                f"benchmarks/{self.slug}/submissions/", params={"key": key}
            )
            if listed.status_code == 200 and listed.json()["results"]:
                return str(listed.json()["results"][0]["id"])
        answers = await asyncio.gather(
            *(self._submit(key, body) for _ in range(2 if self._chance.random() < 0.1 else 1))
        )
        ids = {each for each in answers if each is not None}
        assert len(ids) <= 1, f"two submissions for {key}"
        return next(iter(ids), None)

    async def _submit(self, key: str, body: bytes) -> str | None:
        answer = await self.http.post(
            f"benchmarks/{self.slug}/submissions/",
            content=body,
            headers={"Content-Type": "text/csv", "Idempotency-Key": f'"{key}"'},
        )
        if answer.status_code in (200, 202):
            return str(answer.json()["id"])
        await self._told_to_wait(answer)
        return None

    async def _is_scored(self, name: str) -> bool:
        wait = {"Prefer": "wait=3"} if self._chance.random() < 0.3 else {}
        answer = await self.http.get(f"submissions/{name}/", headers=wait)
        if answer.status_code != 200:
            await self._told_to_wait(answer)
            return False
        if answer.json()["status"] == "SCORED":
            return True
        await asyncio.sleep(float(answer.headers["Retry-After"]) * self._chance.uniform(0.2, 1))
        return False

    async def _told_to_wait(self, answer: httpx.Response) -> None:
        """Only what may pass is asked for again."""
        code = answer.json().get("code") if answer.content else None
        assert (answer.status_code, code) in {
            (409, "idempotency_key_in_use"),
            (503, "parser_busy"),
            (503, "unavailable"),
        }, answer.text
        self.retries += 1
        await asyncio.sleep(float(answer.headers["Retry-After"]) * self._chance.uniform(0.5, 1))
