"""A batch is corrected once, whole, by the audit worker, and nobody learns where its items are."""

import json
from typing import Any

import numpy as np
import pytest

from tests.vault.corrected import (
    REASON,
    answers,
    ask_to_replace,
    ask_to_void,
    current,
    flip,
    holdout_of,
    name,
    query_positions,
    reseal,
    score_again,
)
from tests.vault.factories import NOW, World, acting_as, make_world
from tests.vault.test_rescore import probability_world
from vault import journal, replay
from vault.errors import InvalidFileError, LabelsUnavailableError, SealingError, TransitionError
from vault.models import (
    CorrectionRequest,
    Holdout,
    JournalEntry,
    LabelVersion,
    Round,
    SealedBlob,
    SealedCorrection,
    WrappedKey,
)
from vault.sealing import corrections, holdouts, label_versions

pytestmark = [pytest.mark.usefixtures("vault_keys")]


@pytest.fixture
def world(vault_keys: None) -> World:
    made = make_world("weather", n_query=40, n_fresh=60)
    made.open()
    return made


def kinds() -> list[str]:
    return list(JournalEntry.objects.order_by("sequence").values_list("kind", flat=True))


def versions() -> list[int]:
    return sorted(LabelVersion.objects.values_list("number", flat=True))


def opened(world: World, holdout: Holdout) -> Any:
    """The newest labels, as whichever worker may open them now."""
    purpose: Any = "scoring" if holdout.status == "QUERY" else "audit"
    return holdouts.open_labels(holdout=holdout, purpose=purpose, reason={}, actor="t", now=NOW)


def test_every_holdout_of_the_batch_gets_a_version_and_the_same_notice(world: World) -> None:
    inside = query_positions(world)[0]
    asked = ask_to_replace(world, {inside: 1 - int(world.labels[inside])})
    assert reseal(asked)

    new = LabelVersion.objects.filter(number=2)
    assert {each.holdout_id for each in new} == {world.query.pk, world.fresh.pk}
    assert {(each.reason, each.arrived_at) for each in new} == {(REASON, NOW)}
    assert {each.n_labelled for each in new} == {40, 60}
    assert len({each.commitment for each in LabelVersion.objects.all()}) == 4
    asked.refresh_from_db()
    assert asked.done_at == NOW
    journal.verify(benchmark_id=world.benchmark.pk)


def test_labels_are_replaced_and_items_left_out(world: World) -> None:
    where = query_positions(world)
    before = opened(world, world.query)
    first, second = where[3], where[7]

    assert reseal(ask_to_replace(world, {first: 1 - int(world.labels[first])}))
    assert reseal(ask_to_void(world, [second]))
    after = opened(world, world.query)

    assert after.version == 3
    assert after.positions.tolist() == [each for each in where if each != second]
    expected = dict(zip(before.positions.tolist(), before.labels.tolist(), strict=True))
    expected[first] = 1 - expected[first]
    del expected[second]
    assert dict(zip(after.positions.tolist(), after.labels.tolist(), strict=True)) == expected
    fresh = opened(world, world.fresh)
    assert fresh.labels.tolist() == world.labels[fresh.positions].tolist()


def test_an_item_that_gets_a_label_counts_again(world: World) -> None:
    left = query_positions(world)[5]
    assert reseal(ask_to_void(world, [left]))
    assert left not in opened(world, world.query).positions

    assert reseal(ask_to_replace(world, {left: int(world.labels[left])}))

    assert left in opened(world, world.query).positions


def test_the_scoring_key_never_meets_a_fresh_label(world: World) -> None:
    """Invariant 4: also of a new version, whose key it has for query holdouts alone."""
    assert reseal(ask_to_void(world, [0, 1]))

    scoring = WrappedKey.objects.filter(sealing_key__purpose="scoring")
    assert {each.version.holdout_id for each in scoring} == {world.query.pk}
    assert sorted(each.version.number for each in scoring) == [1, 2]
    Holdout.objects.filter(pk=world.fresh.pk).update(status="QUERY")
    with pytest.raises(LabelsUnavailableError, match="not sealed for this scoring key"):
        opened(world, Holdout.objects.get(pk=world.fresh.pk))


def test_what_is_promoted_afterwards_opens_in_its_newest_version(world: World) -> None:
    assert reseal(ask_to_void(world, [0]))
    with acting_as("audit"):
        holdouts.promote(holdout=world.fresh, actor="worker", now=NOW)

    assert opened(world, Holdout.objects.get(pk=world.fresh.pk)).version == 2


def test_lengths_tell_nothing_of_which_items_are_where(world: World) -> None:
    """Whatever is corrected, each holdout's new ciphertext is as long as another correction's."""
    inside = query_positions(world)
    outside = [each for each in range(100) if each not in inside]
    lengths = []
    for named in ([inside[0]], outside[:10], inside[1:9]):
        assert reseal(ask_to_void(world, named))
        newest = [label_versions.newest(holdout=each) for each in (world.query, world.fresh)]
        blobs = SealedBlob.objects.in_bulk([each.pk for each in newest])
        lengths.append([len(blobs[each.pk].ciphertext) for each in newest])

    assert lengths[0] == lengths[1] == lengths[2]


def test_no_id_and_no_label_is_in_the_journal_or_the_request(world: World) -> None:
    named = [3, 4, 50]
    asked = ask_to_void(world, named)
    assert reseal(asked)

    payloads = "".join(JournalEntry.objects.values_list("payload", flat=True))
    row = json.dumps({k: str(v) for k, v in vars(asked).items()})
    sealed = SealedCorrection.objects.get()
    for each in named:
        assert name(each) not in payloads + row
        assert name(each).encode() not in bytes(sealed.ciphertext) + bytes(sealed.envelope)
    entry = json.loads(JournalEntry.objects.get(kind="correction_requested").payload)
    assert set(entry) == {"correction", "batch", "what", "commitment", "reason"}
    told = json.loads(JournalEntry.objects.get(kind="labels_corrected").payload)
    assert len(told["holdouts"]) == 2


def test_each_opening_is_journaled_before_and_names_the_correction(world: World) -> None:
    asked = ask_to_void(world, [0])
    reseal(asked)

    entries = JournalEntry.objects.filter(kind="open_labels").order_by("sequence")
    told = [json.loads(each.payload) for each in entries]
    assert {each["holdout"] for each in told} == {str(world.query.pk), str(world.fresh.pk)}
    assert {each["reason"]["correction"] for each in told} == {str(asked.pk)}
    assert kinds()[-3:] == ["open_labels", "open_labels", "labels_corrected"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("id\nitem-00000\nitem-09999\n", "row 3, column id: the item is not of this batch"),
        ("id\nitem-00000\nitem-00000\n", "row 3, column id: the id occurs in an earlier row"),
        ("id,label\nitem-00000,1\n", "row 1: the column 'label' is not id"),
        ("item-00000\n", "row 1: the column id is missing"),
        ("id\n", "no rows"),
    ],
)
def test_a_list_of_items_is_refused_with_its_row(world: World, rows: str, said: str) -> None:
    with pytest.raises(InvalidFileError) as caught:
        corrections.read_items(
            holdout=holdout_of(world), body=rows.encode(), content_type="text/csv"
        )

    assert said in caught.value.message


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("id,label\nitem-00000,1\nother,0\n", "row 3, column id: the item is not of this batch"),
        ("id,label,group\nitem-00000,1,a\n", "row 1: only labels are replaced"),
        ("id,label\nitem-00000,7\n", "row 2, column label: the label is not one of"),
        ("id\nitem-00000\n", "row 1: the column label is missing"),
    ],
)
def test_new_labels_are_refused_with_their_row(world: World, rows: str, said: str) -> None:
    with pytest.raises(InvalidFileError) as caught:
        corrections.read_labels(
            holdout=holdout_of(world), body=rows.encode(), content_type="text/csv"
        )

    assert said in caught.value.message


def test_an_item_of_another_batch_is_refused(world: World) -> None:
    """Batches are told apart by the panel, which everybody has."""
    later = make_world("other", n_query=10, n_fresh=10)
    Holdout.objects.filter(batch=world.query.batch).update(panel=later.panel)

    with pytest.raises(InvalidFileError, match="not of this batch"):
        ask_to_void(world, [99])
    assert not CorrectionRequest.objects.exists()


def test_more_than_half_of_a_batch_is_not_left_out(world: World) -> None:
    with pytest.raises(SealingError, match="more than half"):
        ask_to_void(world, range(51))


def test_a_holdout_that_would_have_nothing_left_is_refused_and_all_stays(world: World) -> None:
    """Only the worker can know; its words name no holdout."""
    asked = ask_to_void(world, query_positions(world)[:-1])
    assert reseal(asked)

    asked.refresh_from_db()
    assert (asked.done_at, asked.refused_at) == (None, NOW)
    assert "too few items" in asked.refusal
    assert versions() == [1, 1]
    assert kinds()[-1] == "correction_refused"
    assert reseal(ask_to_void(world, [0]))


def test_one_at_a_time(world: World) -> None:
    world.answered(world.team("a"), world.labels)
    asked = ask_to_void(world, [0])
    with pytest.raises(TransitionError, match="another correction"):
        ask_to_void(world, [1])

    reseal(asked)
    with pytest.raises(TransitionError, match="another correction"):
        ask_to_void(world, [1])

    score_again()
    ask_to_void(world, [1])


def test_a_reason_is_asked_for(world: World) -> None:
    with pytest.raises(TransitionError, match="reason"):
        ask_to_void(world, [0], reason="  ")
    assert not CorrectionRequest.objects.exists()


@pytest.mark.parametrize("status", ["AUDITED", "PUBLISHED", "CANCELLED"])
def test_rounds_that_were_judged_are_not_scored_again(world: World, status: str) -> None:
    """Their labels are corrected all the same, for whoever audits again."""
    world.answered(world.team("a"), world.labels)
    columns: dict[str, Any] = {"status": status}
    if status == "CANCELLED":
        columns |= {"cancelled_at": NOW, "cancelled_reason": "x", "opened_at": None}
    Round.objects.filter(pk=world.round.pk).update(**columns)

    flip(world, [0, 1])

    assert current(world).transcript == 1
    assert versions() == [1, 1, 2, 2]
    assert answers(world, 2) == []


def test_a_benchmark_of_probabilities_is_corrected(vault_keys: None) -> None:
    """Whatever its files hold, its labels are classes."""
    world = probability_world(np.random.default_rng(5))
    where = query_positions(world)
    flip(world, where[:3])

    found = opened(world, world.query)
    assert found.labels[:3].tolist() == [1 - int(world.labels[each]) for each in where[:3]]
    assert replay.replay(round=current(world)) == 0
