"""Corrections of a small benchmark, by the roles that ask for them, make them and score again."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from tests.vault.factories import NOW, World, acting_as
from vault import rescoring, transcripts
from vault.files import id_lists
from vault.models import CorrectionRequest, Holdout, Release, Round
from vault.sealing import corrections, holdouts, sealed_labels

REASON = "two stations were mixed up"


def holdout_of(world: World) -> Holdout:
    return Holdout.objects.select_related("benchmark", "panel").get(pk=world.query.pk)


def name(position: int) -> str:
    return f"item-{position:05d}"


def ask_to_void(
    world: World, positions: Iterable[int], *, reason: str = REASON
) -> CorrectionRequest:
    body = id_lists.as_file([name(each) for each in positions])
    with acting_as("researcher"):
        holdout = holdout_of(world)
        content = corrections.read_items(holdout=holdout, body=body, content_type="text/csv")
        return corrections.request(
            holdout=holdout, content=content, reason=reason, actor="ada", now=NOW
        )


def ask_to_replace(
    world: World, labels: dict[int, int], *, reason: str = REASON
) -> CorrectionRequest:
    rows = "".join(f"{name(each)},{label}\n" for each, label in labels.items())
    with acting_as("researcher"):
        holdout = holdout_of(world)
        content = corrections.read_labels(
            holdout=holdout, body=f"id,label\n{rows}".encode(), content_type="text/csv"
        )
        return corrections.request(
            holdout=holdout, content=content, reason=reason, actor="ada", now=NOW
        )


def reseal(asked: CorrectionRequest) -> bool:
    with acting_as("audit"):
        return corrections.carry_out(request_id=asked.pk, clock=lambda: NOW)


def score_again() -> list[bool]:
    """As the scoring worker's sweep does."""
    with acting_as("scoring"):
        return [
            rescoring.carry_out(transcript_id=each, clock=lambda: NOW) for each in transcripts.due()
        ]


def flip(world: World, positions: Iterable[int]) -> CorrectionRequest:
    """Every label at these places was the other one: asked for, resealed and scored again."""
    asked = ask_to_replace(world, {each: 1 - int(world.labels[each]) for each in positions})
    assert reseal(asked)
    score_again()
    return asked


def query_positions(world: World) -> list[int]:
    """What no worker tells: where the query holdout's items are, by the audit key of the tests."""
    plaintext, _ = holdouts.open_to_correct(
        holdout=holdout_of(world), correction=world.query.pk, actor="test", now=NOW
    )
    positions: list[int] = sealed_labels.content_of(plaintext)["position"].to_pylist()
    return positions


def current(world: World) -> Round:
    return Round.objects.select_related("benchmark", "query_holdout", "secret").get(
        pk=world.round.pk
    )


def answers(world: World, transcript: int) -> list[tuple[Any, str]]:
    found = Release.objects.filter(submission__round=world.round, transcript=transcript)
    in_order = found.order_by("submission__team", "submission__sequence")
    return list(in_order.values_list("value", "outcome"))


def true_share(world: World, answered: np.ndarray[Any, Any], labels: np.ndarray[Any, Any]) -> float:
    """The share of right answers on the query holdout."""
    where = query_positions(world)
    return float(np.mean(answered[where] == labels[where]))
