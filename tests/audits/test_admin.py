"""Audits in the admin: read by researchers, asked for by organizers, done by the audit worker."""

import base64
import hashlib
import re
from typing import Any

import kombu.exceptions
import pytest
from celery import current_app

from audits import judged, tasks
from audits.checks import registry
from audits.models import AuditRun, Finding, Report
from tests.vault.admin.stage import OUTSIDER, RAW, Stage, client_of, installation, stage, url
from tests.vault.factories import NOW, acting_as
from vault import repeated_audits
from vault.models import Benchmark, Holdout, JournalEntry, PublishedResult, Round, Submission
from vault.people.groups import ORGANIZER, RESEARCHER

__all__ = ["installation", "stage"]  # fixtures of the admin's tests

Sent = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """What the broker was given, instead of a broker."""
    found: Sent = []

    def send(name: str, **options: Any) -> None:
        assert options["retry"] is False
        assert name in current_app.tasks
        found.append((name, options["kwargs"]))

    monkeypatch.setattr(current_app, "send_task", send)
    return found


def post(person: str, address: str, *, ticked: bool = True) -> Any:
    client, given = client_of(person), {"for_good": "on"} if ticked else {}
    with acting_as("researcher"):
        return client.post(address, given, follow=True)


def get(address: str) -> str:
    client = client_of(RESEARCHER)
    with acting_as("researcher"):
        answer = client.get(address)
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.mark.parametrize(
    ("status", "act", "task", "kind"),
    [
        ("CLOSING", "audit", "audits.tasks.audit_round", "audit_requested"),
        ("CLOSED", "audit", "audits.tasks.audit_round", "audit_requested"),
        ("AUDITED", "publish", "audits.tasks.publish_round", "publication_requested"),
    ],
)
def test_an_organizer_wakes_the_audit_worker(
    stage: Stage, sent: Sent, status: str, act: str, task: str, kind: str
) -> None:
    Round.objects.update(status=status)
    round = stage.world.round

    if act == "publish":
        unticked = post(ORGANIZER, url("vault_round_act", round.pk, act), ticked=False)
        assert "This cannot be undone: tick this to do it." in unticked.content.decode()
        assert sent == []
    answer = post(ORGANIZER, url("vault_round_act", round.pk, act))

    assert "The audit worker was asked to" in answer.content.decode()
    assert sent == [(task, {"round_id": round.pk})]
    entry = JournalEntry.objects.order_by("-pk")[0]
    assert (entry.kind, entry.actor) == (kind, ORGANIZER)
    round.refresh_from_db()
    assert round.status == status  # the worker decides


@pytest.mark.parametrize("act", ["audit", "publish"])
@pytest.mark.parametrize("status", ["PLANNED", "OPEN", "PUBLISHED"])
def test_in_another_status_nobody_is_woken(stage: Stage, sent: Sent, status: str, act: str) -> None:
    Round.objects.update(status=status)
    n = JournalEntry.objects.count()

    answer = post(ORGANIZER, url("vault_round_act", stage.world.round.pk, act))

    assert "this is possible while a round is" in answer.content.decode()
    assert sent == []
    assert JournalEntry.objects.count() == n


@pytest.mark.parametrize("act", ["audit", "publish"])
def test_a_researcher_wakes_nobody(stage: Stage, sent: Sent, act: str) -> None:
    for status in ("CLOSED", "AUDITED"):
        Round.objects.update(status=status)
        answer = post(RESEARCHER, url("vault_round_act", stage.world.round.pk, act))
        assert answer.status_code == 403

    assert sent == []


def test_a_dead_broker_is_told_and_nothing_is_journaled(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(name: str, **options: Any) -> None:
        raise kombu.exceptions.OperationalError("refused")

    monkeypatch.setattr(current_app, "send_task", fail)
    Round.objects.update(status="CLOSED")
    n = JournalEntry.objects.count()

    answer = post(ORGANIZER, url("vault_round_act", stage.world.round.pk, "audit"))

    assert "could not be reached" in answer.content.decode()
    assert JournalEntry.objects.count() == n


def test_a_finding_carries_its_uncertainty(stage: Stage) -> None:
    """Invariant 12: "no evidence" stands beside what would have been found."""
    page = get(url("audits_finding_change", stage.finding.pk))
    run = get(url("audits_auditrun_change", stage.run.pk))

    for shown in ("0.0123", "-0.02 to 0.04", "&gt; .05", "0.05"):
        assert shown in page
        assert shown in run
    assert "NO_EVIDENCE" in run
    # The headline counts verdicts; the gate is told as what it is.
    lists = [url("audits_auditrun_changelist"), url("vault_round_change", stage.world.round.pk)]
    for page_of_run in (run, *map(get, lists)):
        assert "0 CONFIRMED, 0 INVALID, 1 without evidence of 1" in page_of_run
        assert "quiet" in page_of_run
    assert f"{RAW:.6f}" in page  # evidence: what audits are for


def test_a_verdict_leads_to_the_file_that_it_names(stage: Stage) -> None:
    """The boosted file of an accused team, and not the honest one that it declared."""
    team = stage.finding.team
    assert team is not None
    named = Submission.objects.filter(team=team).latest("sequence")
    Finding.objects.filter(pk=stage.finding.pk).update(
        verdict="CONFIRMED",
        submission=None,
        file_named="best_scored",
        named_submission=named,
    )

    page = get(url("audits_finding_change", stage.finding.pk))

    assert url("vault_submission_change", named.pk) in page
    assert f"best-scored file, no. {named.sequence}" in page
    for other in (url("audits_auditrun_change", stage.run.pk), url("audits_finding_changelist")):
        assert "CONFIRMED: best-scored file" in get(other)


@pytest.mark.parametrize(
    ("kind", "said", "other"),
    [
        ("coarse", "rounded fresh figures of the finals that beat the baseline", "exact"),
        ("full", "the exact fresh figures of all finals", "rounded"),
    ],
)
def test_publishing_explains_the_publication_of_this_round(
    stage: Stage, kind: str, said: str, other: str
) -> None:
    Round.objects.update(status="AUDITED", publication=kind)
    with acting_as("researcher"):
        answer = client_of(ORGANIZER).get(url("vault_round_act", stage.world.round.pk, "publish"))

    page = answer.content.decode()
    assert said in page
    assert other not in page


def test_a_fresh_holdout_that_answers_queries_now_says_so(stage: Stage) -> None:
    Holdout.objects.filter(pk=stage.world.fresh.pk).update(status="QUERY")

    page = get(url("vault_round_change", stage.world.round.pk))

    assert f"{str(stage.world.fresh.pk)[:8]} (fresh in this round, now answers queries)" in page


def test_a_finding_tells_the_verdict_that_was_published(stage: Stage) -> None:
    """And of a run that another followed, or before the round is published, none."""
    Finding.objects.update(verdict="WITHIN_LUCK", published_verdict="WITHIN_LUCK")
    before = judged.told(finding=stage.finding)
    PublishedResult.objects.create(
        round=stage.world.round,
        team=stage.submission.team,
        submission=stage.submission,
        verdict="NO_EVIDENCE",
    )

    page = get(url("audits_finding_change", stage.finding.pk))

    assert before == ""
    assert "Published verdict" in page
    assert "NO_EVIDENCE" in page
    AuditRun.objects.create(
        round=stage.world.round, status="DONE", snapshot={}, started_at=stage.world.now
    )
    assert judged.told(finding=stage.finding) == ""


def test_a_loss_is_in_its_own_direction(stage: Stage) -> None:
    """Findings hold scores so that higher is better; people read a loss as a loss."""
    Benchmark.objects.update(primary_metric="log_loss")
    Finding.objects.filter(pk=stage.finding.pk).update(query=-0.481, luck=0.0217)
    deflated = stage.run.findings.create(
        check_name="deflation", team=stage.finding.team, estimate=-0.5125
    )

    page = get(url("audits_finding_change", stage.finding.pk))
    run = get(url("audits_auditrun_change", stage.run.pk))
    other = get(url("audits_finding_change", deflated.pk))

    assert "0.481" in page
    assert "-0.481" not in page
    assert "0.0217" in run
    for shown in (run, other):
        assert "0.5125" in shown
        assert "-0.5125" not in shown


def test_a_run_shows_verdicts_before_what_they_rest_on(stage: Stage) -> None:
    run = stage.run
    run.findings.create(check_name="a_check", estimate=0.3)

    page = get(url("audits_auditrun_change", run.pk))

    assert page.index("Verdicts") < page.index("NO_EVIDENCE") < page.index("What they rest on")
    assert page.index("What they rest on") < page.index("a_check")
    assert "the board" in page


def test_figures_have_four_digits_and_no_row_is_all_dashes(stage: Stage) -> None:
    """p-values read as in the report; a check that has no figure is named without a row of dashes."""
    run = stage.run
    team = stage.finding.team
    run.findings.create(check_name="shift_gate", estimate=0.0123456789, p_value=0.4321)
    run.findings.create(check_name="accusation", team=team, estimate=0.2, p_value=0.11)
    run.findings.create(check_name="discordant_pairs", team=team, p_value=0.000421)
    run.findings.create(check_name="integrity", team=team, evidence={"is_intact": True})
    run.findings.create(check_name="ranking")

    page = get(url("audits_auditrun_change", run.pk))

    assert "0.01235<" in page
    assert "0.012346" not in page
    for shown in (">.43<", ">.00042<"):
        assert shown in page
    assert "0.11" not in page
    page = page.partition("What the checks are")[0]
    rows = [row for row in page.split("<tr>") if "integrity" in row or ">ranking" in row]
    assert len(rows) == 2
    assert all("—" not in row for row in rows)
    assert "the board" in next(row for row in rows if "ranking" in row)


def test_a_run_says_what_its_checks_are(stage: Stage) -> None:
    stage.run.findings.create(check_name="discordant_pairs", p_value=0.2)

    page = get(url("audits_auditrun_change", stage.run.pk))

    assert registry.meaning(name="discordant_pairs") in page.replace("&#x27;", "'")


def test_the_report_leads_back_and_is_served_as_it_was_written(stage: Stage) -> None:
    """Its hash is of what was written: the line that leads back is of the page alone."""
    written = "<!doctype html><title>Audit</title><main>\n<p>&lt;main&gt;</p></main>"
    Report.objects.filter(pk=stage.report.pk).update(html=written)
    client, address = client_of(RESEARCHER), url("audits_report_document", stage.report.pk)
    with acting_as("researcher"):
        shown, plain = client.get(address), client.get(f"{address}?as_written=1")

    before, line, after = re.split(r"<nav>|</nav>", shown.content.decode())
    assert before + after == written.replace("<main>", "<main>\n", 1)
    assert plain.content.decode() == written
    assert re.findall(r'href="([^"]*)"', line) == [
        url("vault_round_change", stage.world.round.pk),
        url("audits_auditrun_change", stage.run.pk),
        url("index"),
        "?as_written=1",
    ]
    assert "default-src 'none'" in shown["Content-Security-Policy"]
    assert address in get(url("audits_report_change", stage.report.pk))


def test_a_report_is_served_in_its_forms_under_a_policy_of_its_own(stage: Stage) -> None:
    """A report from before has its page alone, and leads to nothing else."""
    address = url("audits_report_document", stage.report.pk)
    html = "<!doctype html><style>p{}</style><main></main>"
    Report.objects.filter(pk=stage.report.pk).update(html=html)
    with acting_as("researcher"):
        before = client_of(RESEARCHER).get(address)
        same = client_of(RESEARCHER).get(f"{address}?form=json")
    Report.objects.filter(pk=stage.report.pk).update(facts='{"round":1}\n', markdown="# Audit\n")
    with acting_as("researcher"):
        shown = client_of(RESEARCHER).get(address)
        facts = client_of(RESEARCHER).get(f"{address}?form=json")
        text = client_of(RESEARCHER).get(f"{address}?form=markdown")

    digest = base64.b64encode(hashlib.sha256(b"p{}").digest()).decode()
    assert f"style-src 'sha256-{digest}'; img-src data:" in shown["Content-Security-Policy"]
    assert "script-src" not in shown["Content-Security-Policy"]
    assert "?form" not in before.content.decode()
    assert same["Content-Type"].startswith("text/html")
    assert "?form=json" in shown.content.decode()
    assert (facts.content, facts["Content-Type"]) == (b'{"round":1}\n', "application/json")
    assert text.content == b"# Audit\n"
    assert text["Content-Type"] == "text/markdown; charset=utf-8"
    assert client_of(OUTSIDER).get(f"{address}?form=json").status_code in (302, 403)


def test_a_round_leads_to_its_audits_and_reports(stage: Stage) -> None:
    page = get(url("vault_round_change", stage.world.round.pk))

    assert url("audits_auditrun_change", stage.run.pk) in page
    assert url("audits_report_document", stage.report.pk) in page


def test_a_repeat_that_failed_acquits_nobody(stage: Stage) -> None:
    """Its page, the list and the round's page say that it failed, and count no verdict."""
    round = stage.world.round
    Round.objects.filter(pk=round.pk).update(status="AUDITED")
    with acting_as("researcher"):
        notice = repeated_audits.ask(round=round, reason="again", actor="ada", now=NOW)
    made = {"round": round, "notice": notice, "snapshot": {}, "started_at": NOW, "finished_at": NOW}
    AuditRun.objects.create(**made, status="FAILED", error="interrupted")
    run = AuditRun.objects.create(**made, status="FAILED", error="LabelsUnavailableError")
    said = "failed (LabelsUnavailableError): it says nothing of any team"

    own = get(url("audits_auditrun_change", run.pk))
    both = get(url("audits_auditrun_changelist"))
    repeated = get(url("vault_round_change", round.pk)).split("<h2>Repeated audits</h2>")

    assert said in own
    assert said in both
    assert said in repeated[0]
    assert said in repeated[1]
    assert f">run {run.pk}<" in repeated[1]
    assert "0 CONFIRMED" not in own
    assert both.count("0 CONFIRMED") == 1  # of the run that was made


@pytest.mark.parametrize("task", [tasks.audit_round, tasks.publish_round, tasks.sweep])
def test_audits_have_a_queue_of_their_own(task: Any) -> None:
    """So that an audit never starves scoring, and no message for it reaches a scoring worker."""
    assert current_app.amqp.router.route({}, task.name)["queue"].name == "audit"
