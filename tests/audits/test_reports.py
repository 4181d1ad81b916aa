"""The report: every number in it is a finding's, every name is escaped, every verdict has its words."""

import hashlib
import re
from typing import Any

import pytest

from audits import rounds
from audits.models import AuditRun, Finding, Report
from audits.report import shown
from audits.sentences import number
from stats.verdict import Verdict
from tests.audits import stage
from tests.audits.reported import (
    cells_of,
    drawn_in,
    judged,
    page_of,
    reports_html,
    run_with,
    text_of,
)
from tests.vault.factories import World, make_world
from vault.models import Holdout, Team

HOSTILE = "<script>alert('x')</script>&\"name\""


@pytest.fixture
def world(vault_keys: None) -> World:
    return make_world("reported")


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_its_words(world: World, verdict: Verdict) -> None:
    """A word and a shape in the table, and one sentence below it; lists write the word alike."""
    run = run_with(world)
    found = judged(run, verdict)

    html = page_of(run)

    shape = shown.SHAPES.get(verdict, shown.OTHERWISE)
    assert f'class="verdict {verdict.lower()}">{shape} {verdict}<' in html
    assert found.get_verdict_display() == verdict
    assert re.search(r"<h3>somebody</h3><p>\S.{40,}</p>", html)
    assert "{" not in text_of(html)
    assert "None" not in text_of(html).replace("None could run.", "")
    assert "No inflation" not in html


def test_groups_that_were_drawn_whole_are_told_with_their_items(world: World) -> None:
    """The report of such a round spoke of items alone."""
    run = run_with(world)
    assert "group" not in text_of(page_of(run))

    Holdout.objects.filter(pk=world.query.pk).update(
        draws_groups=True, n_units=1_234, n_items=5_000
    )
    Holdout.objects.filter(pk=world.fresh.pk).update(draws_groups=True, n_units=40, n_items=80)
    run = AuditRun.objects.get(pk=run.pk)

    assert (
        "Whole groups of items were drawn: 1,234 groups with 5,000 items that answered queries and 40 groups "
        "with 80 items that answered none."
    ) in text_of(page_of(run))

    Holdout.objects.filter(pk=world.query.pk).update(n_units=None)
    run = AuditRun.objects.get(pk=run.pk)
    assert "an unknown number of groups with 5,000 items" in text_of(page_of(run))


def test_numbers_are_those_of_the_finding(world: World) -> None:
    """With luck beside the interval, in one row."""
    run = run_with(world)
    judged(run, "CONFIRMED", test="organiser")
    judged(run, "", name="base", query=0.7)

    assert cells_of(reports_html(run), "somebody") == [
        "1",
        "1",
        "◆ CONFIRMED",
        ".6789",
        ".8125",
        ".8125",
        ".1234 [.0567, .1901]",
        ".0222",
        ".00042",
        ".0789",
        "17",
    ]
    assert (
        "on 200 new labels the same file scores .6789, and .1234 [.0567, .1901] of its lead over the "
        "references is missing there" in text_of(reports_html(run))
    )


def test_counts_have_one_form(world: World) -> None:
    run = run_with(world, n_query=2_400, n_fresh=6_700)
    judged(run, "CONFIRMED", attempts=1_234, n_files=1_234)
    html = reports_html(run)

    assert "2,400 items that answered queries and 6,700 new ones that answered none" in html
    assert cells_of(html, "somebody")[-1] == "1,234"
    assert "on 6,700 new labels" in html
    assert "with 1,234 honest files" in html


@pytest.mark.parametrize("verdict", ["NO_EVIDENCE", "WITHIN_LUCK", "SUSPECTED"])
def test_what_is_no_finding_carries_its_limit(world: World, verdict: str) -> None:
    """Invariant 12: "no flag" never reads as "no inflation"."""
    run = run_with(world)
    judged(run, verdict)

    assert "An overstatement of .0789 would have been found with 80 %." in text_of(page_of(run))


def test_what_was_not_tested_has_dashes_for_figures(world: World) -> None:
    """Invariant 12: no figure where there was no test, not even one of zero."""
    run = run_with(world)
    judged(run, "NOT_TESTED")

    shown = cells_of(reports_html(run), "somebody")

    assert [shown[6], *shown[8:10]] == ["–", "–", "–"]
    assert "would have been found with 80 %" not in text_of(re.sub(".*<h3>", "", reports_html(run)))


@pytest.mark.parametrize(("gate", "smallest"), [("quiet", ".0789"), ("fired", "–")])
def test_nothing_would_have_been_found_where_the_gate_fired(
    world: World, gate: str, smallest: str
) -> None:
    """Nobody is accused there, however large an overstatement is."""
    run = run_with(world, gate=gate)
    judged(run, "NO_EVIDENCE" if gate == "quiet" else "SHIFT")

    assert cells_of(reports_html(run), "somebody")[9] == smallest


def test_a_figure_of_zero_is_shown(world: World) -> None:
    run = run_with(world)
    judged(run, "NO_EVIDENCE", estimate=0.0, low=0.0, high=0.0, p_value=1.0)

    assert cells_of(reports_html(run), "somebody")[6:9] == [
        ".0000 [.0000, .0000]",
        ".0222",
        "&gt; .05",
    ]


def test_a_screened_p_has_no_digits(world: World) -> None:
    run = run_with(world)
    judged(run, "NO_EVIDENCE", p_value=1.0, is_screened=True)

    assert cells_of(reports_html(run), "somebody")[8] == "&gt; .05"


def test_a_coarse_round_says_what_everybody_else_reads(world: World) -> None:
    """Of 200 new items steps of 1/(2 sqrt 200) = .0354; here no final beat a baseline."""
    run = run_with(world)
    judged(run, "NO_EVIDENCE", name="a")
    judged(run, "CONFIRMED", name="b")
    judged(run, "INVALID", name="c")
    line = (
        "Exact figures, for researchers: the published board rounds scores on new labels to steps of "
        ".0354 and leaves out 1 final of 2."
    )

    assert line in page_of(run)

    world.round.publication = "full"
    assert "Exact figures, for researchers" not in page_of(run)


def test_a_verdict_names_the_file_that_it_is_about(world: World) -> None:
    """Figures of the final stand in the table, those of the file named in the sentence."""
    run = run_with(world)
    judged(
        run,
        "CONFIRMED",
        file_named="best_scored",
        is_ranked_file=False,
        best_query=0.9,
        best_fresh=0.7,
    )

    text = text_of(reports_html(run))

    assert "CONFIRMED: the best-scored file, which is not ranked." in text
    assert "on the labels that answered queries (.9000) is inflated" in text
    assert "the same file scores .7000" in text
    assert cells_of(reports_html(run), "somebody")[3:5] == [".6789", ".8125"]
    # A line of its own, which wraps.
    assert (
        '<small class="file">of its best-scored file: .9000 on query labels, .7000 on new ones</small>'
        in reports_html(run)
    )


def test_a_loss_is_in_its_own_units_and_direction(world: World) -> None:
    """A root mean square of 56.9 on the board and of 58.4 on new labels, nowhere with a minus."""
    regression = {"task": "regression", "classes": [], "primary_metric": "rmse", "loss_cap": 90.0}
    for name, value in regression.items():
        setattr(world.round.benchmark, name, value)
    world.round.benchmark.save()
    run = run_with(world, metric="rmse")
    found: dict[str, Any] = {"released": 56.9, "query": -56.9, "fresh": -58.4, "luck": 0.8}
    judged(run, "NO_EVIDENCE", estimate=1.2, low=0.4, high=2.0, **found)
    judged(run, "", name="base", **{**found, "query": -60.0, "fresh": -60.3})
    Finding.objects.create(
        run=run,
        check_name="shift_gate",
        estimate=0.35,
        p_value=0.5,
        evidence={"z": 0.7, "fired": False},
    )
    Finding.objects.create(
        run=run,
        check_name="deflation",
        team=Team.objects.get(name="somebody"),
        estimate=-57.25,
        evidence={"expected_luck": 0.35},
    )

    html = reports_html(run)
    text = text_of(html)

    assert "RMSE (lower is better)" in text
    assert cells_of(html, "somebody")[3:8] == ["58.40", "56.90", "56.90", "1.20 [.40, 2.00]", ".80"]
    assert cells_of(html, "base")[3:5] == ["60.30", "60.00"]
    assert "On the board 56.90, on new labels 58.40 (lower is better)." in text
    assert "untuned models score .35 better on query labels than on new ones" in text
    assert "somebody 57.25 .35" in text
    assert not re.search(r"(?<!SHA)-\d", text_of(re.sub(r'<p class="dates">.*?</p>', "", html)))


def test_teams_stand_by_their_scores_on_new_labels(world: World) -> None:
    """Rank before and after with the difference; equal scores share a rank; references are below."""
    run = run_with(world)
    for name, released, fresh in [("a", 0.9, 0.7), ("b", 0.8, 0.75), ("c", 0.8, 0.75)]:
        judged(run, "NO_EVIDENCE", name=name, released=released, fresh=fresh)
    judged(run, "", name="z-reference")
    widths: dict[str, Any] = {
        "teams": [Team.objects.get(name=name).pk for name in "abc"],
        "half_widths": [[], [0.01], [0.01, 0.02]],
    }
    Finding.objects.create(run=run, check_name="ranking", evidence=widths)

    html = reports_html(run)

    assert re.findall(r">(a|b|c|z-reference)</(?:a></)?th>", html)[:4] == [
        "b",
        "c",
        "a",
        "z-reference",
    ]
    assert [cells_of(html, name)[:2] for name in "bca"] == [
        ["1 (1)", "2 ▲ 1"],
        ["1 (1)", "2 ▲ 1"],
        ["3 (2)", "1 ▼ 2"],
    ]


def test_researchers_read_every_metric_with_its_interval(world: World) -> None:
    run = run_with(world)
    finding = judged(run, "NO_EVIDENCE")
    Finding.objects.create(
        run=run,
        team=finding.team,
        check_name="scores",
        evidence={
            "scores": {
                "accuracy": {"query": [0.8125, 0.74, 0.87], "fresh": [0.6789, 0.61, 0.74]},
                "mcc": {"query": [0.62, 0.5, 0.7], "fresh": [0.36, 0.2, 0.5]},
            }
        },
    )

    html = reports_html(run)

    assert cells_of(html, "somebody")[3] == ".6789 [.6100, .7400]"
    assert "Matthews correlation .620 [.500, .700] .360 [.200, .500]" in text_of(html)


def test_the_headline_counts_what_is_published(world: World) -> None:
    run = run_with(world)
    judged(run, "CONFIRMED", name="a")
    judged(run, "SUSPECTED", name="b")
    judged(run, "", name="c")

    text = text_of(page_of(run))

    assert "1 CONFIRMED, 0 INVALID, 1 without evidence of 2" in text
    assert "Shift gate: quiet." in text


def test_names_are_escaped(world: World) -> None:
    run = run_with(world)
    judged(run, "CONFIRMED", name=HOSTILE)
    judged(run, "INVALID", name=HOSTILE + "2")
    judged(run, "", name=HOSTILE + "3")

    html = page_of(run)

    assert "<script" not in html
    assert "alert(" in html
    assert html.count("&lt;script&gt;") >= 5


def test_a_shift_is_told_first(world: World) -> None:
    assert "The gate fired" not in page_of(run_with(world))
    assert "The gate fired" in page_of(run_with(world, gate="fired"))


def test_an_audit_of_nobody(world: World) -> None:
    html = page_of(run_with(world))

    assert drawn_in(html) == []
    assert "the line: better on" not in html


def test_the_page_needs_no_script_and_nothing_from_elsewhere(world: World) -> None:
    """A strict content policy that names its one style by a hash shows it as it is."""
    run = run_with(world)
    judged(run, "CONFIRMED")

    html = page_of(run)

    assert not re.search(r"<script|<link|style=|\son\w+=|javascript:|@import|url\(", html)
    assert html.count("<style>") == 1
    assert set(re.findall(r'(?:src|srcset|href)="([^"]{0,19})', html)) <= {
        "data:image/svg+xml;",
        *(f"#team-{each.pk}" for each in Team.objects.all()),
    }


def test_ranks_are_compared_among_teams_that_have_both(world: World) -> None:
    """The best of three has no released value: it pushes two down on new labels, and nobody moved."""
    run = run_with(world)
    judged(run, "NO_EVIDENCE", name="best", released=None, fresh=0.9)
    judged(run, "NO_EVIDENCE", name="second", released=0.8, fresh=0.8)
    judged(run, "NO_EVIDENCE", name="third", released=0.7, fresh=0.7)

    html = reports_html(run)

    places = [cells_of(html, name)[:2] for name in ("best", "second", "third")]
    assert places == [["1", "–"], ["2", "1"], ["3", "2"]]
    assert "0 of the 2 teams with both scores have another rank on new labels" in html
    (shown_in_figure,) = re.findall(
        r'<th scope="row">second</th>(<td[^>]*>1</td><td[^>]*>1</td>)', html
    )
    assert shown_in_figure


def test_a_stored_report_is_that_of_its_findings(vault_keys: None) -> None:
    world = stage.audited(stage.closing(stage.small_round("stored")))

    report = Report.objects.get(run=rounds.latest_run(round=world.round))

    assert report.html == page_of(report.run)
    assert report.sha256 == hashlib.sha256(report.html.encode()).hexdigest()
    shown = text_of(report.html)
    for found in Finding.objects.filter(run=report.run, check_name__in=("verdict", "sadd")):
        assert found.team is not None
        assert found.team.name in shown
        if found.estimate is not None:
            figures = [number(each, decimals=4) for each in (found.estimate, found.low, found.high)]
            assert f"{figures[0]} [{figures[1]}, {figures[2]}]" in shown
    gate = Finding.objects.get(run=report.run, check_name="shift_gate")
    assert f"z = {gate.evidence['z']:.2f}" in shown
    assert report.run.seed_entropy in shown
    # Every final has its metrics. Figures: three of the board, two ways and ledgers, the wear.
    assert report.html.count("All metrics of the final") == 3
    assert len(drawn_in(report.html)) == 8
    # On a small screen they scroll in their boxes, and each has a dark form.
    assert report.html.count('<div class="wide"><picture><source media="screen and (prefers') == 8
