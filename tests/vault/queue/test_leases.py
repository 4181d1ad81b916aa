"""A lease is renewed for as long as its worker works, and not by anybody else."""

import datetime as dt
import time
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now

from tests.vault.factories import make_world
from vault import release
from vault.models import Submission
from vault.queue import leases, time_limit

pytestmark = [pytest.mark.usefixtures("vault_keys")]

LEASE = 0.6


@pytest.fixture
def held(vault_keys: None, settings: Any) -> leases.Claim:
    world = make_world("leases")
    world.open()
    world.submit(world.team("a"), world.labels)
    settings.LEASE_SECONDS = LEASE
    return claimed()


def claimed() -> leases.Claim:
    claim = claim_again()
    assert claim is not None
    return claim


def claim_again() -> leases.Claim | None:
    submission = Submission.objects.get()
    return leases.claim(round_id=submission.round_id, team_id=submission.team_id)


def test_lease_lasts_as_long_as_the_work(held: leases.Claim) -> None:
    with leases.kept(held):
        time.sleep(3 * LEASE)
        assert claim_again() is None
    time.sleep(1.5 * LEASE)

    assert claimed().n_lost_leases == 1


def test_lease_that_was_lost_is_not_taken_back(held: leases.Claim) -> None:
    Submission.objects.update(leased_until=Now() - dt.timedelta(seconds=1))
    other = claimed()
    Submission.objects.update(leased_until=Now() + dt.timedelta(seconds=LEASE))

    with leases.kept(held):
        time.sleep(1.5 * LEASE)

    assert claimed().fence == other.fence + 1


def test_failure_counts_though_another_worker_has_taken_over(
    held: leases.Claim, settings: Any
) -> None:
    """A hang in the database keeps its own lease from being renewed: else it would go on for ever."""
    Submission.objects.update(leased_until=Now() - dt.timedelta(seconds=1))
    other = claimed()

    assert leases.count_exception(held) == 1
    leases.give_back(held)

    submission = Submission.objects.get()
    assert (submission.status, submission.fence) == ("SCORING", other.fence)
    Submission.objects.update(leased_until=Now() - dt.timedelta(seconds=1))
    assert not claimed().is_hopeless
    Submission.objects.update(
        n_exceptions=settings.MAX_EXCEPTIONS, leased_until=Now() - dt.timedelta(seconds=1)
    )
    assert claimed().is_hopeless


def test_what_hangs_loses_its_lease(
    held: leases.Claim, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SCORING_SECONDS = 0.0
    monkeypatch.setattr(time_limit, "GRACE", 0.0)

    with leases.kept(held):
        time.sleep(1.5 * LEASE)
        assert claim_again() is not None


def test_session_that_is_lost_while_renewing_is_begun_anew(
    held: leases.Claim, monkeypatch: pytest.MonkeyPatch
) -> None:
    with leases.kept(held):
        for _ in range(4):
            time.sleep(LEASE / 2)
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid() "
                    # Nobody but the server may end one that cleans tables up.
                    "AND backend_type = 'client backend'"
                )
        assert claim_again() is None


def test_scoring_keeps_its_lease(vault_keys: None, settings: Any, monkeypatch: Any) -> None:
    """Longer than its lease, and nobody else could have claimed it meanwhile."""
    world = make_world("slow")
    world.open()
    submission = world.submit(world.team("a"), world.labels).submission
    settings.LEASE_SECONDS = LEASE
    publish = release.publish

    def slowly(**given: Any) -> Any:
        time.sleep(2 * LEASE)
        assert claim_again() is None
        return publish(**given)

    monkeypatch.setattr(release, "publish", slowly)

    assert world.score(submission).status == "SCORED"
    assert submission.fence == 1
