"""A hundred bots that submit, crash, retry and poll at random, while processes are killed around them."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable

import httpx
import pytest

from service.processes import Service
from tests.service.bots import Bot
from tests.service.staging import Stage, query

pytestmark = [pytest.mark.service, pytest.mark.live]

N_BOTS, N_TEAMS = 100, 10
SECONDS = 120.0
# Seconds into the play, and what is killed then the hard way.
KILLED = ((20, "worker-scoring"), (45, "web"), (70, "valkey"), (90, "web"))


# A bot that crashes leaves its connection as a killed process does: what is warned of then is no fault.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_every_submission_is_scored_once_charged_once_and_seen(
    service: Service, stage: Callable[..., Stage]
) -> None:
    staged = stage("bots", teams=N_TEAMS, total=10_000, concurrent=1_000)
    bots = asyncio.run(played(service, staged))
    # Here, and not in a later test.
    gc.collect()

    keys = {key for bot in bots for key in bot.seen}
    ids = {name for bot in bots for name in bot.seen.values()}
    figures = {
        "files": len(keys),
        "crashes": sum(bot.crashes for bot in bots),
        "retries": sum(bot.retries for bot in bots),
    }
    sys.stdout.write(f"{figures}\n")
    # Each bot saw the score of each of its files, and no two files share a submission.
    assert len(keys) == len(ids) > 5 * N_BOTS
    assert figures["crashes"] > N_BOTS
    # What the service holds is what the bots have seen: nothing lost, nothing doubled.
    assert counted(service, "vault_submission", "id", "status = 'SCORED'") == ids
    for table, condition in (
        ("vault_release", "true"),
        ("vault_rawscore", "metric = 'accuracy'"),
        ("vault_budgetentry", "kind = 'RESERVE'"),
        ("vault_budgetentry", "kind = 'COMMIT'"),
    ):
        assert counted(service, table, "submission_id", condition) == ids, table
    assert counted(service, "vault_budgetentry", "submission_id", "kind = 'REFUND'") == set()


async def played(service: Service, staged: Stage) -> list[Bot]:
    loop = asyncio.get_running_loop()
    tokens = list(staged.tokens.values())
    limits = httpx.Limits(max_connections=N_BOTS)
    clients = [
        httpx.AsyncClient(
            base_url=f"{service.url}/api/v1/",
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
            limits=limits,
        )
        for token in tokens
    ]
    bots = [
        Bot(name=f"bot-{i}", seed=1000 + i, slug=staged.slug, http=clients[i % len(clients)])
        for i in range(N_BOTS)
    ]
    killing = asyncio.gather(*(kill(service, name, after=after) for after, name in KILLED))
    until = loop.time() + SECONDS
    await asyncio.gather(*(bot.work(until=until) for bot in bots))
    await killing
    for http in clients:
        await http.aclose()
    return bots


async def kill(service: Service, name: str, *, after: float) -> None:
    """A program and its children; the service's supervisor starts it again."""
    await asyncio.sleep(after)
    (program,) = (each for each in service.programs if each.name == name)
    assert program.process is not None
    os.killpg(program.process.pid, signal.SIGKILL)


def counted(service: Service, table: str, column: str, condition: str) -> set[str]:
    """The submissions in the rows of this play, of which none may occur twice."""
    rows = query(
        service,
        f"""
        SELECT {column}::text FROM {table} WHERE {condition} AND {column} IN (
            SELECT submission.id FROM vault_submission submission
            JOIN vault_round round ON round.id = submission.round_id
            JOIN vault_benchmark benchmark ON benchmark.id = round.benchmark_id
            WHERE benchmark.slug = 'bots'
        )
        """,  # noqa: S608
    )
    found = [str(row[0]) for row in rows]
    assert len(found) == len(set(found)), table
    return set(found)
