"""What a round will do, in the words of its page and of its preview."""

from typing import Any

import pytest

from vault.admin import outlook
from vault.models import Benchmark, Holdout, Round
from vault.round_preview import Bound
from vault.rounds import Stock

DRAW = {"kind": "iid", "batch": "0" * 32}


def drafted(**changed: Any) -> Round:
    benchmark = Benchmark(task="binary", primary_metric="accuracy", classes=["0", "1"])
    given = {
        "benchmark": benchmark,
        "query_holdout": Holdout(n_items=2_000, **DRAW),
        "mechanism": "exact",
        "max_teams": 20,
    }
    return Round(**given | changed)


def said(round: Round, **how: Any) -> str:
    return outlook.detectable(round, [Holdout(n_items=4_000, **DRAW, **how)])


def test_detectable_overstatement_is_said_with_what_it_assumes() -> None:
    assert said(drafted()) == (
        "0.029, 0.0411 or 0.0581, if a file and its reference answer 5 %, 10 % or 20 % of the items "
        "differently. Found with 80 % in a round of 20 teams, of a file that is compared with one "
        "reference; of the best of many files it takes more."
    )


def test_of_groups_it_has_two_ends() -> None:
    query = Holdout(n_items=2_000, **DRAW, draws_groups=True, n_units=200, n_effective=150.0)

    known = said(drafted(query_holdout=query), draws_groups=True, n_units=400, n_effective=300.0)
    unknown = said(drafted(query_holdout=query), draws_groups=True)

    assert known.startswith("0.029 to 0.106, 0.0411 to 0.15 or 0.0581 to 0.212, if")
    assert "near the second if files are right or wrong in whole groups." in known
    # Those of 20 % cannot gain .212, either.
    assert known.endswith("files that differ by 5 %, 10 % or 20 % cannot gain enough.")
    assert unknown.startswith("0.029 or more, 0.0411 or more or 0.0581 or more, if")
    assert "it takes more than can be said" in unknown


def test_of_losses_it_is_in_their_unit() -> None:
    loss = Benchmark(task="regression", primary_metric="mae", loss_cap=1_000.0)

    assert (
        "the MAE of a file and its reference typically differ in an item by 5 %, 10 % or 20 % "
        in (said(drafted(benchmark=loss)))
    )
    assert "of the range, 1000. Found" in said(drafted(benchmark=loss))


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (100, "No overstatement can be found in a round of 20 teams: the holdouts are too small"),
        (250, "0.0978 or 0.138, if a file and its reference answer 10 % or 20 % of the items "),
    ],
)
def test_what_a_file_cannot_gain_is_not_promised_to_be_found(n: int, words: str) -> None:
    """At 5 % a file would have to gain more than 5 %."""
    sentence = said(drafted(query_holdout=Holdout(n_items=n, **DRAW)))

    assert sentence.startswith(words)
    assert sentence.endswith(" Files that differ by 5 % cannot gain enough to be found.") == (
        n == 250
    )


ONE_LEFT = (
    "3 sealed iid shards now, and the full publication takes two: 1 is left after the next round"
)


@pytest.mark.parametrize(
    ("n", "publication", "left"),
    [
        (3, "coarse", "3 sealed iid shards now, and the coarse publication takes one: 2 are left"),
        (3, "coarse", "enough for 2 more after coarse publications, and for 1 after full ones"),
        (3, "full", ONE_LEFT),
        (
            1,
            "coarse",
            "1 sealed iid shard now, and the coarse publication takes one: the next round",
        ),
        (1, "full", "takes two: not enough for another round with a fresh holdout, unless more"),
    ],
)
def test_stock_is_that_after_the_publication(n: int, publication: str, left: str) -> None:
    stock = Stock(n_sealed=n, coarse_rounds=n, full_rounds=n // 2)

    assert left in outlook.stock_after(stock, publication=publication)


def test_a_bound_as_wide_as_the_range_promises_nothing() -> None:
    wide, narrow = (Bound(k=1_000, nats=1.0, error=error) for error in (None, 0.05))

    assert (
        outlook.proven_alone(wide) == "nothing is guaranteed if one team uses all its 1,000 queries"
    )
    assert outlook.proven_alone(narrow).startswith(
        "0.05 at most if one team uses all its 1,000 queries, whatever it hands in. It bounds how far any "
        "score that is shown may be from what the same file would score on endlessly many new items"
    )
    assert outlook.proven_together(wide, queries="planned") == (
        "nothing is guaranteed if all 1,000 planned queries are used and all teams act as one"
    )
