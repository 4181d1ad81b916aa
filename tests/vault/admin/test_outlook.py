"""What a round will do, in the words of its page and of its preview."""

import re
from typing import Any

import pytest

from vault.admin import outlook
from vault.conveyor import Stock
from vault.models import Benchmark, Holdout, Round
from vault.planning import preview as round_preview
from vault.planning.preview import Bound

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
    assert said(drafted()).split("\n") == [
        "If a file and its reference answer so many of the items differently:",
        "5 %: about 0.029",
        "10 %: about 0.0411",
        "20 %: about 0.0581",
        "50 %: about 0.0918",
        "Found with 80 % in a round of 20 teams, of a file that is compared with one reference; of the best "
        "of many files it takes more. The audit states about as much: it goes by the files and by random "
        "draws, which may bring it a tenth or so lower or higher.",
        "Good files are near each other; from a baseline that always gives one answer a file may well differ "
        "by 50 %.",
    ]


def test_of_groups_it_has_two_ends() -> None:
    """Of an end that nothing can reach there is no figure: it was shown, and denied six sentences later."""
    query = Holdout(n_items=2_000, **DRAW, draws_groups=True, n_units=200, n_effective=150.0)
    round = drafted(query_holdout=query)

    known = said(round, draws_groups=True, n_units=400, n_effective=300.0).split("\n")
    unknown = said(round, draws_groups=True).split("\n")

    lost = "if items err each for itself; cannot be found in groups that err as one"
    assert known[1:5] == [
        f"5 %: about 0.029 {lost}",
        f"10 %: about 0.0411 {lost}",
        f"20 %: about 0.0581 {lost}",
        "50 %: about 0.0918 to 0.335",
    ]
    assert "0.212" not in "".join(known)
    assert known[-1].endswith(
        "only if the file and its reference are both right or wrong in whole groups."
    )
    more = "of groups that err as one, whose sizes were not kept, unknown"
    assert [unknown[1], unknown[4]] == [f"5 %: about 0.029; {more}", f"50 %: about 0.0918; {more}"]


@pytest.mark.parametrize("of_each", [None, 40, 6, 1])
@pytest.mark.parametrize("n", [60, 250, 2_000])
def test_each_line_is_that_of_its_share(n: int, of_each: int | None) -> None:
    """Each printed figure is that of the plan, and none is more than such a file can gain."""
    worth, more = (None if of_each is None else size / of_each for size in (n, 4_000))
    query = Holdout(n_items=n, **DRAW, draws_groups=True, n_units=n, n_effective=worth)
    round = drafted(query_holdout=query)
    fresh = {"draws_groups": True, "n_effective": more}
    found = round_preview.detectable(
        round=round, fresh_holdouts=[Holdout(n_items=4_000, **DRAW, **fresh)]
    )

    lines = said(round, **fresh).split("\n")[1:5]

    for each, line in zip(found, lines, strict=True):
        share, told = line.split(": ", 1)
        shown = [float(number) for number in re.findall(r"\d\.\d+", told)]
        assert float(share.removesuffix(" %")) == pytest.approx(100 * each.share)
        ends = [each.low] if each.is_reachable else []
        if each.is_reachable_in_groups and each.high not in (None, each.low):
            ends.append(each.high or 0.0)
        assert shown == pytest.approx(ends, rel=0.005)
        assert all(number <= each.share for number in shown)
        assert ("cannot be found" in told) == (not each.is_reachable_in_groups)


def test_of_losses_it_is_in_their_unit() -> None:
    loss = Benchmark(task="regression", primary_metric="mae", loss_cap=1_000.0)

    first, *_, last = said(drafted(benchmark=loss)).split("\n")

    assert first == (
        "If the MAE of a file and its reference typically differ in an item by so much of the range, 1000:"
    )
    assert "baseline" not in last


def test_what_a_file_cannot_gain_is_not_promised_to_be_found() -> None:
    """At 5 % a file would have to gain more than 5 %."""
    few, fewer = (
        said(drafted(query_holdout=Holdout(n_items=n, **DRAW))).split("\n") for n in (250, 30)
    )

    assert few[1:3] == [
        "5 %: cannot be found: such a file cannot gain enough",
        "10 %: about 0.0978",
    ]
    assert fewer == [
        "No overstatement can be found in a round of 20 teams: the holdouts are too small"
    ]


def test_stock_is_that_now_and_after_the_publication() -> None:
    now, after = (Stock(coarse_rounds=n, full_rounds=n // 2) for n in (3, 1))

    assert outlook.stock_after(now, after, publication="coarse") == (
        "3 auditable rounds left (1 if each is published in full); after this round's coarse publication: "
        "1 auditable round left (0 if each is published in full)"
    )


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
