"""Mechanism labels: the traces that count, those that count only together, and what cannot be read."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from audits.checks import mechanism_labels
from audits.checks.check import Context
from audits.collected import Entrant
from audits.models import Finding
from stats.gate import Gate
from tests.audits.histories import collected, context, entrant, held

N, K = 400, 40


class Accused:
    """Tests of a team that accuse."""

    def accuses(self, *, delta0: float) -> bool:
        return True


def team(rows: NDArray[Any], **given: Any) -> Entrant:
    nothing = np.ones((10, len(rows)))
    made = entrant(1, nothing, nothing, **given)
    return replace(made, answers=held(rows))


def scored(made: Entrant, released: NDArray[np.float64]) -> Entrant:
    submissions = [
        replace(each, released=float(value))
        for each, value in zip(made.history.submissions, released, strict=True)
    ]
    return replace(made, history=replace(made.history, submissions=submissions))


def votes(rng: np.random.Generator, *, k: int = K) -> NDArray[np.uint8]:
    return rng.integers(2, size=(k, N), dtype=np.uint8)


def composition(rng: np.random.Generator) -> Entrant:
    """Random votes with their exact scores, and last the vote that these make."""
    rows, labels = votes(rng), rng.integers(2, size=N)
    released = (rows == labels).mean(axis=1)
    rows[-1] = (released[:-1] - released[:-1].mean()) @ (2.0 * rows[:-1] - 1) > 0
    return scored(team(rows), released)


def steps(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Each file changes ten answers of the one before, at random places."""
    rows = np.repeat(votes(rng, k=1), K, axis=0)
    for number in range(1, K):
        rows[number:, rng.choice(N, size=10, replace=False)] ^= 1
    return rows


def labels_of(made: Entrant, given: Context | None = None, **of_round: Any) -> dict[str, Any]:
    found: list[Finding] = mechanism_labels.check(collected(made, **of_round), given or context())
    (one,) = found
    labels: dict[str, Any] = one.evidence["labels"]
    return labels


def accusing(**given: Any) -> Context:
    return context(tests={1: Accused()}, **given)


def test_a_vote_of_random_files_has_its_label(rng: np.random.Generator) -> None:
    found = labels_of(composition(rng))["vote"]

    assert found["vote_match"] == 1.0
    assert found["rank_ratio"] > 0.95
    assert found["is_inflated"] is False


def test_random_files_alone_have_none_without_an_accusation(rng: np.random.Generator) -> None:
    made = scored(team(votes(rng)), rng.random(K))

    assert labels_of(made) == {}
    assert [*labels_of(made, accusing())] == ["vote"]


def test_a_final_that_is_no_vote_counts_by_the_accusation(rng: np.random.Generator) -> None:
    """The declared final is an early file, so that there is no vote to compare it with."""
    made = scored(team(votes(rng), final=2), rng.random(K))

    assert labels_of(made, accusing())["vote"]["vote_match"] is None
    assert [*labels_of(scored(team(votes(rng), final=None), rng.random(K)), accusing())] == ["vote"]


def test_changes_at_random_places_count_beside_an_accusation_alone(
    rng: np.random.Generator,
) -> None:
    made = team(steps(rng))

    assert labels_of(made) == {}
    assert labels_of(made, accusing())["probe"]["dispersion"] <= mechanism_labels.MAX_UNIFORM


def test_no_accusation_counts_where_the_gate_fired(rng: np.random.Generator) -> None:
    gate = Gate(difference=0.1, z=9.0, p_value=0.0, fired=True)

    assert labels_of(team(steps(rng)), accusing(gate=gate)) == {}


def test_models_have_no_label_even_beside_an_accusation(rng: np.random.Generator) -> None:
    """They change the hard items again and again."""
    hard = rng.random(N) < 0.2
    rows = np.where(hard, votes(rng), votes(rng, k=1)).astype(np.uint8)
    rows ^= (rng.random((K, N)) < 0.02).astype(np.uint8)

    assert "probe" not in labels_of(team(rows), accusing())


def doubling(rng: np.random.Generator, size: int) -> NDArray[np.float64]:
    logits = np.zeros(N)
    logits[rng.choice(N, size=size, replace=False)] = -1e-3 * 2.0 ** np.arange(size)
    return np.asarray(1 / (1 + np.exp(-logits)), dtype=np.float64)


def test_one_file_that_reads_a_log_loss_suffices(rng: np.random.Generator) -> None:
    rows = np.vstack([rng.random((2, N)), doubling(rng, 8), rng.random((1, N))])

    assert labels_of(team(rows), metric="log_loss")["log_loss_probe"] == {
        "k": 4,
        "n_files": 1,
        "first": 3,
    }
    assert labels_of(team(rows[:2]), metric="log_loss") == {}


def test_what_cannot_be_read_is_left_out(rng: np.random.Generator) -> None:
    """Many probabilities an item, probabilities where classes are needed, few files, no files."""
    found = [
        (team(rng.random((3, N, 3))), "log_loss"),
        (team(rng.random((K, N))), "accuracy"),
        (team(votes(rng, k=19)), "accuracy"),
        (replace(team(votes(rng)), answers=None), "accuracy"),
    ]
    for made, metric in found:
        assert mechanism_labels.check(collected(made, metric=metric), context()) == []


@pytest.mark.parametrize("n_classes", [3, 10])
def test_many_classes_are_read_as_they_are(n_classes: int, rng: np.random.Generator) -> None:
    rows = rng.integers(n_classes, size=(K, N)).astype(np.uint8)

    assert labels_of(scored(team(rows), np.full(K, 0.5))) == {}
