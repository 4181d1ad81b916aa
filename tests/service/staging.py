"""What service tests share: a staged benchmark, its files, a team's client, and the database as its owner."""

from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np
import psycopg

from service.home import DATABASE, OWNER, database_password, socket_directory
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


def session(service: Service) -> psycopg.Connection[Any]:
    """Open one of the owner's, who may read and lock every table."""
    return psycopg.connect(
        host=str(socket_directory(service.home)),
        dbname=DATABASE,
        user=OWNER,
        password=database_password(service.home, OWNER),
    )


def query(service: Service, statement: str, *parameters: object) -> list[tuple[object, ...]]:
    with session(service) as connection:
        return connection.execute(statement, parameters).fetchall()
