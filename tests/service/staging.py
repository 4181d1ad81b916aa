"""What service tests share: a staged benchmark, its files, and a client with a team's token."""

from dataclasses import dataclass

import httpx
import numpy as np

from service.processes import Service

N_ITEMS = 400


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A benchmark with an open round, and its teams' tokens."""

    slug: str
    tokens: dict[str, str]


def csv_file(rng: np.random.Generator) -> bytes:
    labels = rng.integers(2, size=N_ITEMS)
    return ("id,label\n" + "".join(f"item-{i:04d},{v}\n" for i, v in enumerate(labels))).encode()


def client(service: Service, token: str) -> httpx.Client:
    return httpx.Client(
        base_url=f"{service.url}/api/v1/",
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
