"""Fingerprints: on sequences whose answer is known, on published models, and against slow references."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats as sps
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.metrics import cohen_kappa_score

from stats.fingerprints.cadence import cadence
from stats.fingerprints.composition import is_random_vote_composition
from stats.fingerprints.contract import Fingerprint, hamming
from stats.fingerprints.cross_team import account_groups
from stats.fingerprints.flip_uniformity import flip_uniformity
from stats.fingerprints.ledger_share import ledger_share
from stats.fingerprints.log_loss_probe import log_loss_probe
from stats.fingerprints.near_duplicates import near_duplicates
from stats.fingerprints.rank_ratio import rank_ratio
from stats.fingerprints.vote_match import vote_match
from tests.stats.reference_data import reference_file

N = 2000


@pytest.fixture(scope="module")
def cifar() -> dict[str, NDArray[Any]]:
    with np.load(reference_file("cifar10_1_predictions.npz")) as published:
        return {name: published[name] for name in ("pred_original", "labels_original")}


def random_votes(rng: np.random.Generator, k: int = 100) -> NDArray[np.uint8]:
    return rng.integers(2, size=(k, N), dtype=np.uint8)


def models(rng: np.random.Generator, k: int = 30) -> NDArray[np.uint8]:
    """Models that share the items' difficulty, labels all 1."""
    hardness = rng.beta(4, 1, N)
    return (rng.random((k, N)) < hardness).astype(np.uint8)


def test_distances_are_those_of_a_loop(rng: np.random.Generator) -> None:
    files = rng.integers(4, size=(6, 50))

    assert hamming(predictions=files).tolist() == [
        [int(np.sum(one != other)) for other in files] for one in files
    ]


def test_random_votes_fill_every_direction(rng: np.random.Generator) -> None:
    """Reference figures: .96 to 1.00."""
    found = rank_ratio(predictions=random_votes(rng))

    assert 0.96 < found.value < 1.01
    assert found.flagged


def test_rank_ratio_is_the_participation_ratio_of_the_eigenvalues(rng: np.random.Generator) -> None:
    files = rng.integers(3, size=(8, 400))
    consensus = sps.mode(files, axis=0).mode
    values = np.linalg.eigvalsh(np.corrcoef((files != consensus).astype(float)))
    expected = values.sum() ** 2 / np.square(values).sum() / (8 / (1 + 8 / 400))

    found = rank_ratio(predictions=files)

    assert found.value == pytest.approx(expected)
    assert not found.flagged


def test_published_models_leave_no_rank_ratio(cifar: dict[str, NDArray[Any]]) -> None:
    """Reference figures: .46 for 30 models, .88 for the best 15; theirs is by another consensus rule."""
    files, labels = cifar["pred_original"], cifar["labels_original"]
    best = np.argsort(-(files == labels).mean(axis=1))[:15]

    assert rank_ratio(predictions=files).value == pytest.approx(0.46, abs=0.02)
    assert rank_ratio(predictions=files[best]).value == pytest.approx(0.88, abs=0.02)


def test_copies_have_no_rank() -> None:
    files = np.ones((30, 10), dtype=int)
    one_differs = files.copy()
    one_differs[0, 0] = 0

    assert rank_ratio(predictions=files).value == 0
    assert rank_ratio(predictions=one_differs).value == 0


def test_probes_are_near_duplicates(rng: np.random.Generator) -> None:
    files = np.repeat(random_votes(rng, 1), 8, axis=0)
    for position in range(1, 7):
        files[position, position] ^= 1  # the last file repeats the first

    found = near_duplicates(predictions=files)

    assert found.value == 6
    assert "6 of 8" in found.words
    assert not found.flagged


def test_different_files_are_no_duplicates(rng: np.random.Generator) -> None:
    assert near_duplicates(predictions=random_votes(rng)).value == 0
    assert near_duplicates(predictions=random_votes(rng, 1)).value == 0


def test_the_composed_vote_matches_itself(rng: np.random.Generator) -> None:
    files, released = random_votes(rng), rng.normal(0.5, 0.01, 100)
    composed = ((released - released.mean()) @ (2.0 * files - 1) > 0).astype(int)

    found = vote_match(predictions=files, released=released, final=composed)

    assert found.value == 1
    assert found.flagged
    assert not vote_match(predictions=files[:19], released=released[:19], final=composed).flagged


def test_a_vote_over_more_classes(rng: np.random.Generator) -> None:
    files, released = rng.integers(4, size=(40, 300)), rng.normal(size=40)
    tally = [
        [sum((released - released.mean()) * (files[:, i] == c)) for c in range(4)]
        for i in range(300)
    ]
    final = np.argmax(tally, axis=1)
    final[:30] = (final[:30] + 1) % 4

    found = vote_match(predictions=files, released=released, final=final)

    assert found.value == pytest.approx(0.9)
    assert not found.flagged


def test_no_vote_where_nothing_is_told(rng: np.random.Generator) -> None:
    files = random_votes(rng, 20)

    assert vote_match(predictions=files, released=np.ones(20), final=files[0]).value == 0
    copies = np.repeat(files[:1], 20, axis=0)
    assert vote_match(predictions=copies, released=np.arange(20), final=files[0]).value == 0


@pytest.mark.parametrize(
    ("rank", "match", "inflated", "label"),
    [
        (True, True, False, True),
        (True, False, True, True),
        (True, False, False, False),
        (False, True, True, False),
    ],
)
def test_the_label_needs_the_rank_ratio_and_one_more(
    rank: bool, match: bool, inflated: bool, label: bool
) -> None:
    seen = [Fingerprint(value=1.0, threshold=0.9, flagged=each, words="") for each in (rank, match)]

    found = is_random_vote_composition(rank_ratio=seen[0], vote_match=seen[1], is_inflated=inflated)

    assert found is label


def test_random_changes_are_uniform_and_models_are_not(rng: np.random.Generator) -> None:
    """200 votes: the index has sd sqrt(2/2000) = .032 around 1; seed of the fixture, 3 sd to the limit."""
    random = flip_uniformity(predictions=random_votes(rng, 200))
    honest = flip_uniformity(predictions=models(rng))

    assert random.value == pytest.approx(1, abs=0.1)
    assert honest.value > 2
    assert not random.flagged


def test_copies_change_nothing() -> None:
    found = flip_uniformity(predictions=np.zeros((30, 9), dtype=int))

    assert found.value == np.inf
    assert not found.flagged


def test_two_opposite_files_change_everything_at_once() -> None:
    assert flip_uniformity(predictions=np.array([[0, 0, 1], [1, 1, 0]])).value == np.inf


def test_doubling_logits_are_a_probe() -> None:
    probabilities = np.full(400, 0.5)
    probabilities[7:17] = expit(-4e-3 * 2.0 ** np.arange(10))

    assert log_loss_probe(probabilities=probabilities).flagged
    probabilities[9] = 0.3
    assert not log_loss_probe(probabilities=probabilities).flagged


def test_a_model_is_no_probe(rng: np.random.Generator) -> None:
    assert log_loss_probe(probabilities=rng.random(300)).value == 0
    assert log_loss_probe(probabilities=np.full(300, 0.2)).value == 0
    assert log_loss_probe(probabilities=np.r_[np.zeros(295), np.ones(5)]).value == 0


def league(rng: np.random.Generator, teams: int = 12) -> tuple[NDArray[Any], NDArray[Any]]:
    return models(rng, teams), np.ones(N, dtype=int)


def test_accounts_of_one_model_are_one_group(rng: np.random.Generator) -> None:
    files, labels = league(rng)
    second, third = files[0].copy(), files[0].copy()
    second[:15] ^= 1
    third[15:40] ^= 1

    found = account_groups(
        predictions=np.vstack([files, second, third]), labels=labels, n_classes=2
    )

    assert found.groups[[12, 13]].tolist() == [found.groups[0]] * 2
    assert len(set(found.groups.tolist())) == 12
    assert found.flagged
    assert found.similarity[0, 12] == pytest.approx(
        cohen_kappa_score(files[0] == labels, second == labels)
    )


def test_equal_files_are_linked_whatever_the_league(rng: np.random.Generator) -> None:
    files, labels = league(rng, 3)
    perfect = np.ones((2, N), dtype=files.dtype)

    alone = account_groups(predictions=files, labels=labels, n_classes=2)
    found = account_groups(predictions=np.vstack([files, perfect]), labels=labels, n_classes=2)

    assert not alone.flagged
    assert found.linked[3, 4]  # without an error there is no kappa, but they are equal
    assert found.linked.sum() == 2


def test_the_league_sets_the_bar_where_all_are_alike(rng: np.random.Generator) -> None:
    base, labels = models(rng, 1), np.ones(N, dtype=int)
    files = np.repeat(base, 6, axis=0)
    for file, edits in zip(files, (6, 7, 8, 8, 9, 10), strict=True):
        file[rng.choice(N, edits, replace=False)] ^= 1

    found = account_groups(predictions=files, labels=labels, n_classes=2)

    pairs = found.similarity[np.triu_indices(6, 1)]
    mad = np.median(np.abs(pairs - np.median(pairs)))
    assert found.threshold == pytest.approx(np.median(pairs) + 6 * mad)
    assert 0.9 < found.threshold < 1
    assert not found.flagged


def test_many_copies_do_not_raise_the_bar_beyond_all_kappas(rng: np.random.Generator) -> None:
    """40 teams that share a notebook and 80 copies of one: the median + 6 MAD of their pairs is above 1."""
    shared = models(rng, 1)
    changed = rng.random((40, N)) < 0.04
    teams = np.where(changed, models(rng, 40), shared).astype(np.uint8)
    copies = np.repeat(teams[:1], 80, axis=0)
    copies[np.arange(80), rng.integers(N, size=80)] ^= 1

    found = account_groups(
        predictions=np.vstack([teams, copies]), labels=np.ones(N, dtype=int), n_classes=2
    )
    pairs = found.similarity[np.triu_indices(120, 1)]

    assert np.median(pairs) + 6 * np.median(np.abs(pairs - np.median(pairs))) > 1
    assert found.threshold == 0.9
    assert (found.groups[40:] == found.groups[0]).all()


def test_published_models_are_no_accounts(cifar: dict[str, NDArray[Any]]) -> None:
    """Reference figures: same-wrong rate .82 in the median and .88 at 95 % of other models; copies 1."""
    files, labels = cifar["pred_original"], cifar["labels_original"]
    copy = files[3].copy()
    copy[:20] = (copy[:20] + 1) % 10

    honest = account_groups(predictions=files, labels=labels, n_classes=10)
    found = account_groups(predictions=np.vstack([files, copy]), labels=labels, n_classes=10)

    assert not honest.flagged
    assert np.argwhere(found.linked).tolist() == [[3, 30], [30, 3]]
    common = (files[0] != labels) & (files[1] != labels)
    assert honest.similarity[0, 1] == pytest.approx(np.mean(files[0][common] == files[1][common]))


def test_few_common_errors_say_nothing() -> None:
    labels = np.zeros(100, dtype=int)
    files = np.zeros((2, 100), dtype=int)
    files[:, :19] = 2
    files[1, 50] = 1

    assert not account_groups(predictions=files, labels=labels, n_classes=3).flagged


def test_a_clockwork_and_a_person() -> None:
    bot = cadence(times=3600 * np.arange(5.0))
    person = cadence(times=[8 * 3600, 9 * 3600, 23 * 3600, 26 * 3600])

    assert (bot.per_hour, bot.variation, bot.night_share) == (1, 0, 1)
    assert person.per_hour == pytest.approx(3 / 18)
    assert person.variation == pytest.approx(np.std([1, 14, 3], ddof=1) / 6)
    assert person.night_share == 0.25
    assert "25%" in person.words


def test_a_pace_needs_time() -> None:
    assert cadence(times=[5.0]).per_hour == 0
    assert cadence(times=[5.0, 5.0, 5.0]).per_hour == np.inf
    assert np.isnan(cadence(times=[5.0, 5.0, 5.0]).variation)
    assert np.isnan(cadence(times=[5.0, 6.0]).variation)


@pytest.mark.parametrize(
    ("spent", "allowed", "value", "flagged"),
    [(8, 10, 0.8, True), (7, 10, 0.7, False), (0, 0, 0, False), (1, 0, np.inf, True)],
)
def test_ledger_share(spent: float, allowed: float, value: float, flagged: bool) -> None:
    found = ledger_share(spent=spent, allowed=allowed)

    assert (found.value, found.flagged) == (value, flagged)


FILES = np.array([[0, 1], [1, 1]])


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: rank_ratio(predictions=FILES[:1]), "predictions"),
        (lambda: rank_ratio(predictions=FILES - 1), "predictions"),
        (lambda: rank_ratio(predictions=FILES / 2), "predictions"),
        (lambda: near_duplicates(predictions=FILES[0]), "predictions"),
        (lambda: flip_uniformity(predictions=FILES[:, :0]), "predictions"),
        (lambda: vote_match(predictions=FILES, released=[1], final=[0, 1]), "released"),
        (lambda: vote_match(predictions=FILES, released=[1, np.nan], final=[0, 1]), "released"),
        (lambda: vote_match(predictions=FILES, released=[1, 2], final=[0]), "final"),
        (lambda: vote_match(predictions=FILES, released=[1, 2], final=[0.5, 1]), "final"),
        (lambda: account_groups(predictions=FILES, labels=[-1, 0], n_classes=2), "labels"),
        (lambda: log_loss_probe(probabilities=[]), "probabilities"),
        (lambda: log_loss_probe(probabilities=[1.5]), "probabilities"),
        (lambda: log_loss_probe(probabilities=[-0.5]), "probabilities"),
        (lambda: account_groups(predictions=FILES, labels=[0], n_classes=2), "labels"),
        (lambda: account_groups(predictions=FILES, labels=[0, 1], n_classes=1), "n_classes"),
        (lambda: account_groups(predictions=2 * FILES, labels=[0, 1], n_classes=2), "n_classes"),
        (lambda: cadence(times=[2, 1]), "times"),
        (lambda: cadence(times=[[1]]), "times"),
        (lambda: ledger_share(spent=-1, allowed=1), "spent"),
        (lambda: ledger_share(spent=1, allowed=np.nan), "allowed"),
    ],
)
def test_unusable_values_are_refused_by_name(call: Callable[[], object], argument: str) -> None:
    with pytest.raises(ValueError, match=argument):
        call()


def test_true_and_false_are_classes() -> None:
    assert near_duplicates(predictions=FILES.astype(bool)).value == 1
