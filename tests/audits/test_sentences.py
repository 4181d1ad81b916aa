"""What people are told in words: no cause, no "no inflation", and luck beside every interval."""

import re
from dataclasses import replace
from typing import Any

import pytest

from audits import sentences
from audits.report.shown import OTHERWISE
from audits.report.shown import SHAPES as SHAPES_OF_VERDICTS
from audits.sentences import Facts, headline, number, p_value, sentence
from config.settings import BASE_DIR
from stats.verdict import Verdict

SHAPES = {OTHERWISE, *SHAPES_OF_VERDICTS.values()}

HONEST = Facts(
    verdict="WITHIN_LUCK",
    team="forest",
    greater_is_better=True,
    decimals=3,
    released=0.767,
    query=0.767,
    fresh=0.750,
    n_fresh=6_700,
    overstatement=0.012,
    low=0.003,
    high=0.021,
    luck=0.016,
    minimum_detectable_effect=0.037,
    k=6,
)
BOOSTED = replace(
    HONEST,
    verdict="CONFIRMED",
    team="boosted-7",
    released=0.785,
    query=0.785,
    fresh=0.715,
    overstatement=0.060,
    low=0.053,
    high=0.068,
    luck=0.021,
    k=300,
)


def test_within_luck_says_what_an_honest_team_misses() -> None:
    assert sentence(facts=HONEST) == (
        "On the board .767, on new labels .750. Of its lead over the references .012 [.003, .021] is "
        "missing there (overstatement). An honest team with 6 files misses up to .016 in 19 of 20 draws, "
        "so this is within chance. An overstatement of .037 would have been found with 80 %."
    )


def test_the_page_for_readers_explains_each_verdict_and_quotes_the_judge() -> None:
    """SUSPECTED is for researchers, and nobody else reads it."""
    page = (BASE_DIR / "docs" / "how-to-read-an-audit.md").read_text()

    quoted = [line.removeprefix("> ") for line in page.splitlines() if line.startswith("> ")]
    assert quoted == [sentence(facts=BOOSTED), sentence(facts=HONEST)]
    explained = {
        line.split(" | ")[0].split()[-1] for line in page.splitlines() if line[2:3] in SHAPES
    }
    assert explained == {each.value for each in Verdict} - {"SUSPECTED"}


def test_no_evidence_is_no_innocence() -> None:
    told = sentence(facts=replace(HONEST, verdict="NO_EVIDENCE", overstatement=-0.004, low=-0.01))

    assert (
        "Its lead over the references is .004 larger there (overstatement -.004 [-.010, .021])"
        in told
    )
    assert "so the score on new labels is no lower than chance allows." in told
    assert "An overstatement of .037 would have been found with 80 %." in told


def test_an_overstatement_beyond_luck_is_not_called_chance() -> None:
    """One honest team of 20 has one: no accusation, and not "within chance" either."""
    told = sentence(facts=replace(HONEST, overstatement=0.02, low=0.01, high=0.03))

    assert "this is more, and no finding at the level that this audit holds" in told
    assert "within chance" not in told


def test_confirmed_names_its_file_and_its_error_rate() -> None:
    assert sentence(facts=BOOSTED) == (
        "CONFIRMED: the final. The score of boosted-7 on the board (.785) is inflated: on 6,700 new "
        "labels the same file scores .715, and .060 [.053, .068] of its lead over the references is "
        "missing there (its overstatement). A team with 300 honest files misses up to .021 by chance in "
        "19 of 20 draws; at most 1 % of rounds accuse anybody wrongly. This says what happened to a "
        "number, not why."
    )


def test_confirmed_of_a_file_that_does_not_rank_says_so() -> None:
    told = sentence(facts=replace(BOOSTED, names_best_scored=True, is_ranked_file=False))

    assert told.startswith("CONFIRMED: the best-scored file, which is not ranked. ")
    assert "on the board" not in told


def test_confirmed_names_the_board_only_with_what_it_showed() -> None:
    """A board that rounds showed .7800 of .784583, and one that tells bits showed nothing."""
    rounded = replace(BOOSTED, decimals=4, released=0.78, query=0.784583)

    assert (
        "The score of boosted-7, on the board .7800 (exactly .7846), is inflated: on 6,700 new labels"
        in sentence(facts=rounded)
    )
    assert "on the board .7800 (exactly .7846, lower is better), is inflated" in sentence(
        facts=replace(rounded, greater_is_better=False)
    )
    untold = sentence(facts=replace(rounded, released=None))
    assert "boosted-7 on the labels that answered queries (.7846) is inflated" in untold
    assert "board" not in untold


def test_an_overstatement_is_of_the_query_labels_wherever_it_is_explained() -> None:
    """Whoever subtracts two figures of the board finds another number."""
    assert "looks on the labels that answered queries (the query labels)" in sentences.HOW_TO_READ
    for facts in (HONEST, BOOSTED):
        for is_ahead in (True, False):
            told = sentence(facts=replace(facts, released=None, is_ahead=is_ahead))
            assert "board" not in told


def test_what_has_no_figure_says_why() -> None:
    told = sentence(
        facts=replace(
            HONEST,
            fresh=None,
            released=None,
            overstatement=None,
            low=None,
            high=None,
            reason=sentences.NOT_RELEASED,
        )
    )

    assert told.startswith(
        "On the query labels .767; no figure on new labels: no value of its own was released. An "
        "honest team with 6 files misses up to .016 in 19 of 20 draws; there is no finding at the level that "
        "this audit holds."
    )


def test_the_board_may_have_shown_less_than_the_score() -> None:
    assert sentence(facts=replace(HONEST, released=0.76)).startswith(
        "On the board .760 (exactly .767), on new labels .750."
    )


def test_a_loss_is_in_its_own_direction() -> None:
    told = sentence(
        facts=replace(
            HONEST, greater_is_better=False, decimals=1, released=40.2, query=40.2, fresh=41.4
        )
    )

    assert told.startswith("On the board 40.2, on new labels 41.4 (lower is better). Of its lead")


def test_a_file_that_is_not_ahead_has_no_lead() -> None:
    behind = replace(HONEST, is_ahead=False)

    assert (
        "Beside the references it looks .012 [.003, .021] better on the query labels than on new ones "
        "(overstatement). An honest team" in sentence(facts=behind)
    )
    assert (
        "Beside its own first files it looks .004 worse on the query labels than on new ones (overstatement "
        "-.004 [-.010, .002])."
        in sentence(
            facts=replace(
                behind, overstatement=-0.004, low=-0.01, high=0.002, is_over_own_files=True
            )
        )
    )
    assert (
        "scores .715, and beside the references it looks .060 [.053, .068] better on the query labels than "
        "there (its overstatement)." in sentence(facts=replace(BOOSTED, is_ahead=False))
    )
    assert "better on the query labels than there" in sentence(
        facts=replace(BOOSTED, is_ahead=False, names_best_scored=True)
    )


def test_an_accusation_of_a_loss_says_its_direction() -> None:
    told = sentence(
        facts=replace(
            BOOSTED, greater_is_better=False, decimals=1, released=40.2, query=40.2, fresh=41.4
        )
    )

    assert "on the board (40.2, lower is better) is inflated: on 6,700 new labels the same" in told


@pytest.mark.parametrize("verdict", ["NO_EVIDENCE", "NOT_TESTED", "SHIFT", "CONFIRMED"])
def test_a_team_without_a_final_is_told_so(verdict: str) -> None:
    nothing: dict[str, Any] = dict.fromkeys(("released", "query", "fresh", "overstatement"))
    facts = BOOSTED if verdict == "CONFIRMED" else replace(HONEST, **nothing)
    told = sentence(facts=replace(facts, verdict=verdict, has_final=False, names_best_scored=True))

    assert told.count("This team has no final: it withdrew every file.") == 1
    assert ("Its best-scored file was tested, with no finding" in told) == (
        verdict == "NO_EVIDENCE"
    )


def test_a_shift_says_what_untuned_models_do() -> None:
    told = sentence(facts=replace(HONEST, verdict="SHIFT", shift=0.12))
    assert (
        "References and files from before the first answer also score .120 worse there: either the two sets "
        "differ, or those files were fitted to the query labels" in told
    )
    assert "score differently there" in sentence(facts=replace(HONEST, verdict="SHIFT"))
    # Where the gate fired nobody can be accused.
    assert "would have been found" not in told


def test_invalid_and_untested_say_why() -> None:
    assert "hashes" in sentence(facts=replace(HONEST, verdict="INVALID"))
    told = sentence(facts=replace(HONEST, verdict="NOT_TESTED", fresh=None))
    assert "no figure on new labels: no fresh holdout of the same draw was opened" in told
    assert "Not tested: that needs a fresh holdout" in told


@pytest.mark.parametrize("verdict", [*Verdict, ""])
@pytest.mark.parametrize("missing", ["", "fresh", "luck", "overstatement", "k", "query"])
def test_no_sentence_claims_what_was_not_shown(verdict: str, missing: str) -> None:
    facts = replace(BOOSTED if verdict == "CONFIRMED" else HONEST, verdict=verdict)
    changed: dict[str, Any] = {missing: None} if missing else {}
    told = sentence(facts=replace(facts, **changed))

    assert bool(told) == bool(verdict)
    assert "None" not in told
    assert not re.search(r"cheat|fraud|proof|proves|no inflation|adaptive|tuned on", told, re.I)
    if "[" in told and not missing:
        assert "An honest team with" in told or "honest files misses" in told


def test_one_file_is_one_file() -> None:
    assert "with 1 file misses" in sentence(facts=replace(HONEST, k=1))


def test_a_headline_counts_verdicts_and_no_references() -> None:
    given = [
        *["CONFIRMED"] * 3,
        *["NO_EVIDENCE"] * 4,
        "WITHIN_LUCK",
        "SHIFT",
        "NO_EVIDENCE",
        "",
        "",
    ]

    assert headline(verdicts=given) == "3 CONFIRMED, 0 INVALID, 6 without evidence, 1 SHIFT of 10"
    assert headline(verdicts=["SHIFT", "NOT_TESTED"]) == (
        "0 CONFIRMED, 0 INVALID, 0 without evidence, 1 SHIFT, 1 not tested of 2"
    )
    assert headline(verdicts=["INVALID"]) == "0 CONFIRMED, 1 INVALID, 0 without evidence of 1"
    assert headline(verdicts=[]) == "0 CONFIRMED, 0 INVALID, 0 without evidence of 0"


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        (0.767, 3, ".767"),
        (-0.0121, 3, "-.012"),
        (-0.0001, 3, ".000"),
        # Halves by their digits, whatever they are in binary.
        (0.77625, 4, ".7763"),
        (0.76375, 4, ".7638"),
        (0.80875, 4, ".8088"),
        (41.44, 1, "41.4"),
        (10.5, 1, "10.5"),
        (1.0, 3, "1.000"),
        (0.0, 2, ".00"),
        (120.0, 0, "120"),
        (None, 3, "–"),
    ],
)
def test_numbers(value: float | None, decimals: int, expected: str) -> None:
    assert number(value, decimals=decimals) == expected


@pytest.mark.parametrize(
    ("value", "is_screened", "expected"),
    [
        (0.0023, False, ".003"),
        (0.003, False, ".003"),
        (0.0095, False, ".01"),
        (0.05, False, ".05"),
        (0.0501, False, "> .05"),
        (1.0, True, "> .05"),
        (0.00001, False, "< .0001"),
        (0.0001, False, ".0001"),
        (0.0, False, "< .0001"),
        (None, False, None),
    ],
)
def test_a_public_p_has_one_digit_rounded_up(value: Any, is_screened: bool, expected: Any) -> None:
    assert p_value(value=value, is_screened=is_screened) == expected


def test_a_public_p_has_as_many_texts_as_are_counted() -> None:
    given = [10 ** (-place / 2_000) for place in range(14_000)]

    assert len({p_value(value=value, is_screened=False) for value in given}) == 25


@pytest.mark.parametrize(
    ("value", "said"), [(0.0035, "p = .0035"), (1e-9, "p < .0001"), (0.5, "p = .50")]
)
def test_a_small_p_is_no_equation(value: float, said: str) -> None:
    assert sentences.p_said(value) == said
