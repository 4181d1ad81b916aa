"""Query labels that a process keeps open: opened once, and used only while their holdout answers queries."""

import datetime as dt
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.vault.sealed_weather import make_benchmark, make_keys, seal
from vault.errors import LabelsUnavailableError
from vault.models import Holdout, JournalEntry
from vault.sealing import kept_open
from vault.sealing.sealed_labels import OpenLabels

# Each opening must be committed to the journal, so these tests cannot run inside one transaction.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def query(tmp_path: Path, settings: Settings, now: dt.datetime) -> Holdout:
    make_keys(tmp_path, settings)
    kept_open.forget()
    return seal(make_benchmark(), now)[0]


def opened(holdout: Holdout, now: dt.datetime) -> OpenLabels:
    return kept_open.query_labels(holdout=holdout, actor="test", now=now)


def openings() -> list[int]:
    entries = JournalEntry.objects.filter(kind="open_labels").order_by("sequence")
    return [each.sequence for each in entries]


def test_a_process_opens_a_holdout_once(query: Holdout, now: dt.datetime) -> None:
    first, second = opened(query, now), opened(query, now)

    assert second is first
    assert openings() == [first.entry]


def test_only_what_scoring_needs_is_kept(query: Holdout, now: dt.datetime) -> None:
    kept = opened(query, now)

    assert (kept.slices, kept.times) == ({}, None)
    assert len(kept.labels) == len(kept.positions) == query.n_items


def test_the_next_process_opens_it_again(query: Holdout, now: dt.datetime) -> None:
    first = opened(query, now)
    kept_open.forget()

    assert opened(query, now).entry > first.entry
    assert len(openings()) == 2


@pytest.mark.parametrize("status", ["SEALED", "FRESH", "RETIRED", "DISCLOSED"])
def test_what_is_open_serves_no_holdout_that_has_ceased_to_answer(
    query: Holdout, now: dt.datetime, status: str
) -> None:
    opened(query, now)
    Holdout.objects.filter(pk=query.pk).update(status=status)
    query.refresh_from_db()

    with pytest.raises(LabelsUnavailableError, match=status):
        opened(query, now)


def test_a_process_keeps_no_more_than_a_few(
    query: Holdout, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_open, "MAX_KEPT", 1)
    other = seal(make_benchmark(slug="another"), now)[0]
    opened(query, now)
    opened(other, now)

    opened(other, now)
    assert len(openings()) == 2
    # This one was dropped: it is opened, and journaled, anew.
    opened(query, now)
    assert len(openings()) == 3
