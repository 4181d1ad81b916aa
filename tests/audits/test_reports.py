"""The report: every number in it is a finding's, every name is escaped, every verdict has its words."""

import hashlib
import re
from typing import Any

import numpy as np
import pytest

from audits import figures, reports, rounds
from audits.models import AuditRun, Finding, Report
from tests.audits import stage
from tests.vault.factories import NOW, World, make_world
from vault.models import Team
from vault.statuses import Verdict

HOSTILE = "<script>alert('x')</script>&\"name\""

SNAPSHOT = {
    "version": "1",
    "metric": "accuracy",
    "delta0": 0.005,
    "n_query": 100,
    "n_fresh": 200,
    "query_holdout": "q",
    "fresh_holdouts": ["f"],
    "alpha": 0.005,
    "triage_alpha": 0.1,
    "n_shuffles": 20_000,
}


@pytest.fixture
def world(vault_keys: None) -> World:
    return make_world("reported")


def run_with(world: World, *, gate: str = "quiet") -> AuditRun:
    return AuditRun.objects.create(
        round=world.round,
        status=AuditRun.Status.DONE,
        snapshot=SNAPSHOT,
        seed_entropy="f00d",
        shift_gate=gate,
        started_at=NOW,
    )


def judged(run: AuditRun, verdict: str, *, name: str = "somebody", **given: Any) -> Finding:
    team = Team.objects.create(name=name, is_reference=verdict == "")
    evidence = {
        "verdict": verdict,
        "is_reference": verdict == "",
        "attempts": 17,
        "released": 0.8125,
        "query": 0.8125,
        "fresh": 0.6789,
        "delta0": 0.005,
    }
    if verdict == Verdict.INVALID:
        evidence = {"verdict": verdict}
    figures: dict[str, float | None] = {
        "estimate": 0.1234,
        "low": 0.0567,
        "high": 0.1901,
        "p_value": 0.00042,
        "minimum_detectable_effect": 0.0789,
    }
    if verdict in ("", Verdict.INVALID, Verdict.NOT_TESTED):
        figures = dict.fromkeys(figures)
    return Finding.objects.create(
        run=run,
        team=team,
        check_name="verdict",
        verdict=verdict,
        evidence=evidence,
        **{**figures, **given},
    )


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_its_words(world: World, verdict: Verdict) -> None:
    run = run_with(world)
    judged(run, verdict)

    html = reports.render(audit=run)

    assert f'class="verdict {verdict.lower()}">{verdict}<' in html
    if verdict == Verdict.INVALID:
        assert "A stored file is not what was received." in html
    else:
        start = reports.SENTENCES[verdict].split("{")[0]
        assert f"<dt>somebody</dt><dd>{start}" in html
    assert "{" not in text_of(html)
    assert "None" not in text_of(html).replace("None: only", "").replace("None.", "")


def test_numbers_are_those_of_the_finding(world: World) -> None:
    run = run_with(world)
    judged(run, "CONFIRMED")

    (row,) = re.findall(r"<tr>\s*<th scope=\"row\">somebody</th>(.*?)</tr>", reports_html(run))[:1]

    assert re.findall(r"<td>(.*?)</td>", row) == [
        '<span class="verdict confirmed">CONFIRMED</span>',
        "17",
        "0.8125",
        "0.8125",
        "0.6789",
        "0.1234",
        "0.0567 to 0.1901",
        "0.00042",
        "0.0789",
    ]
    assert "0.1234 of it does not show on fresh labels (95 % interval 0.0567 to 0.1901)" in text_of(
        reports_html(run)
    )


def reports_html(run: AuditRun) -> str:
    return reports.render(audit=run).replace("\n", "")


@pytest.mark.parametrize("verdict", ["NO_EVIDENCE", "WITHIN_LUCK", "SUSPECTED", "SHIFT"])
def test_what_is_no_finding_carries_its_limit(world: World, verdict: str) -> None:
    """Invariant 12: "no flag" never reads as "no inflation"."""
    run = run_with(world)
    judged(run, verdict)

    assert "An inflation of 0.0789 would have been found with a chance of 80 %." in text_of(
        reports.render(audit=run)
    )


def test_what_was_not_tested_has_dashes_for_figures(world: World) -> None:
    """Invariant 12: no figure where there was no test, not even one of zero."""
    run = run_with(world)
    judged(run, "NOT_TESTED")

    (row,) = re.findall(r"<th scope=\"row\">somebody</th>(.*?)</tr>", reports_html(run))[:1]

    assert re.findall(r"<td>(.*?)</td>", row)[5:] == ["–", "–", "–", "–"]
    assert "An inflation of" not in text_of(reports.render(audit=run))


def test_a_figure_of_zero_is_shown(world: World) -> None:
    run = run_with(world)
    judged(run, "NO_EVIDENCE", estimate=0.0, low=0.0, high=0.0, p_value=1.0)

    assert "0.0000</td><td>0.0000 to 0.0000</td><td>1.00000</td>" in reports_html(run)


def test_names_are_escaped(world: World) -> None:
    run = run_with(world)
    judged(run, "CONFIRMED", name=HOSTILE)
    judged(run, "INVALID", name=HOSTILE + "2")
    judged(run, "", name=HOSTILE + "3")

    html = reports.render(audit=run)

    assert "<script" not in html
    assert "alert(" in html
    assert html.count("&lt;script&gt;") >= 5


def test_a_shift_is_told_first(world: World) -> None:
    assert "The gate fired" not in reports.render(audit=run_with(world))
    assert "The gate fired" in reports.render(audit=run_with(world, gate="fired"))


def test_an_audit_of_nobody(world: World) -> None:
    html = reports.render(audit=run_with(world))

    assert "<svg" not in html
    assert "Below the line" not in html


def test_the_page_needs_no_script_and_no_inline_style(world: World) -> None:
    """A strict content policy shows it as it is."""
    run = run_with(world)
    judged(run, "CONFIRMED")

    html = reports.render(audit=run)

    assert not re.search(r"<script|<style|style=|\son\w+=|javascript:", html)


def test_a_stored_report_is_that_of_its_findings(vault_keys: None) -> None:
    world = stage.audited(stage.closing(stage.small_round("stored")))

    report = Report.objects.get(run=rounds.latest_run(round=world.round))

    assert report.html == reports.render(audit=report.run)
    assert report.sha256 == hashlib.sha256(report.html.encode()).hexdigest()
    shown = text_of(report.html)
    for found in Finding.objects.filter(run=report.run, check_name__in=("verdict", "sadd")):
        assert found.team is not None
        assert found.team.name in shown
        if found.estimate is not None:
            assert f"{found.estimate:.4f}" in shown
            assert f"{found.low:.4f} to {found.high:.4f}" in shown
    sadd = stage.finding_of(world, "attacker", "sadd").evidence["own_first"]
    assert f"{sadd['p_value_shuffle']:.5f}" in shown
    assert f"{sadd['excess_low']:.4f}" in shown
    gate = Finding.objects.get(run=report.run, check_name="shift_gate")
    assert f"z = {gate.evidence['z']:.2f}" in shown
    assert report.run.seed_entropy in shown


def test_the_figure_says_what_it_shows() -> None:
    """Alternative text for who does not see it, and a title for every point."""
    svg = figures.query_against_fresh(
        [
            ("ours", 0.9, 0.7, "CONFIRMED"),
            (HOSTILE, 0.7, 0.7, "NO_EVIDENCE"),
            ("base", 0.6, 0.6, ""),
        ]
    )

    assert 'role="img"' in svg
    assert 'aria-label="Finals on query and fresh labels"' in svg
    assert "<title>ours: query 0.9000, fresh 0.7000</title>" in svg
    assert "<script" not in svg
    kinds = re.findall(r'class="point ([a-z-]+)"', svg)
    assert kinds == ["confirmed", "no-evidence", "reference"]


def test_points_on_the_line_of_equality_lie_on_the_line() -> None:
    svg = figures.query_against_fresh([("a", 0.5, 0.5, ""), ("b", 0.9, 0.6, "CONFIRMED")])
    places = [
        (float(x), float(y)) for x, y in re.findall(r'<circle[^>]*cx="([\d.]+)" cy="([\d.]+)"', svg)
    ]

    assert places[0][0] + places[0][1] == pytest.approx(figures.SIZE)
    # Below the line: further down the page than the mirror image of its place across.
    assert places[1][0] + places[1][1] > figures.SIZE
    assert all(0 < each < figures.SIZE for place in places for each in place)


def test_one_point_and_no_point() -> None:
    assert figures.query_against_fresh([]) == ""
    svg = figures.query_against_fresh([("a", 0.5, 0.5, "")])
    centre = figures.SIZE / 2
    assert f'cx="{centre}" cy="{centre}"' in svg
    assert np.isfinite([float(each) for each in re.findall(r' c?[xy]\d?="([^"]+)"', svg)]).all()
