"""What wants attention is found, with where to mend it, by the researcher's role, which changes nothing."""

import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from pytest_django import Settings

from audits.models import AuditRun
from tests.audits import awaited_round
from tests.vault.corrected import ask_to_replace, reseal
from tests.vault.factories import NOW, World, acting_as, make_world
from vault import doctor, rounds
from vault.doctor import Finding
from vault.models import Draw, Round, SealedEnvelope, Submission
from vault.sealing import sealing_keys

pytestmark = pytest.mark.usefixtures("vault_keys")

HOUR = dt.timedelta(hours=1)
LATE = NOW + HOUR + dt.timedelta(minutes=1)


def examined(now: dt.datetime = LATE) -> list[Finding]:
    with acting_as("researcher"):
        return doctor.examine(now=now)


def found(kind: str, now: dt.datetime = LATE) -> list[Finding]:
    return [each for each in examined(now) if each.kind == kind]


def content() -> list[tuple[str, int, str]]:
    """How many rows every table has, and what they hold."""
    with connection.cursor() as cursor:
        held = []
        for table in sorted(connection.introspection.table_names()):
            cursor.execute(
                f"SELECT count(*), md5(coalesce(string_agg(t::text, '' ORDER BY t::text), '')) FROM {table} t"  # noqa: S608
            )
            n, digest = cursor.fetchone()
            held.append((table, n, digest))
    return held


def run(*arguments: str) -> tuple[int, str]:
    written = io.StringIO()
    try:
        with acting_as("researcher"):
            call_command("doctor", *arguments, stdout=written)
    except SystemExit as end:
        return int(end.code or 0), written.getvalue()
    return 0, written.getvalue()


def test_an_empty_installation_needs_nothing() -> None:
    assert run() == (0, "Nothing needs attention.\n")
    assert run("--json") == (0, "[]\n")


@pytest.mark.parametrize(
    ("n_spare", "n_left"), [(0, 0), (200, 1)], ids=["none is left", "one is left"]
)
def test_a_stock_that_runs_out_is_told_as_the_pages_tell_it(n_spare: int, n_left: int) -> None:
    make_world("weather", n_spare=n_spare)

    (told,) = found("stock")

    assert told.what.startswith(f"{n_left} auditable round")
    assert "seal a new label file" in told.what
    assert "docs/sealing.md" in told.mend
    code, text = run()
    assert code == 1
    assert told.line in text
    assert json.loads(run("--json")[1])[0]["what"] == told.what


def test_it_changes_nothing_whatever_there_is() -> None:
    world = make_world("weather")
    ask_to_replace(world, {3: 1 - int(world.labels[3])})
    before = content()

    assert examined()
    assert run()[0] == 1
    assert content() == before


def test_a_query_holdout_that_is_worn_is_told_while_it_answers() -> None:
    world = make_world("weather", mechanism="guarded_ladder", total_limit=5, max_teams=2)
    world.open(baseline=world.wrong_at(range(40)))
    team = world.team("asks", k=1)
    # What others were told counts on neither side.
    rounds.count_publication(round=world.round, holdout=world.query, nats=500.0, now=NOW)
    assert found("wear") == []
    world.answered(team, world.wrong_at(range(5)))

    (told,) = found("wear")

    assert "round 1, query holdout" in told.what
    assert "100% of what was reserved" in told.what
    Round.objects.update(status="PUBLISHED")
    assert found("wear") == []


def test_a_submission_that_waits_is_told_after_an_hour_and_not_before() -> None:
    world = make_world("weather")
    world.open(baseline=world.wrong_at(range(40)))
    team = world.team("slow")
    for wrong in (3, 5):
        world.submit(team, world.wrong_at(range(wrong)))

    assert found("submission", NOW + HOUR) == []
    (told,) = found("submission")

    assert told.what == "2 submissions wait for a score in round 1, since 2026-03-01 12:00 UTC"
    assert "scoring worker" in told.mend
    world.score(Submission.objects.filter(team=team).earliest("sequence"))
    world.score(Submission.objects.filter(team=team).latest("sequence"))
    assert found("submission") == []


def test_a_correction_then_its_rescoring_is_told_after_an_hour() -> None:
    world = make_world("weather")
    world.open(baseline=world.wrong_at(range(40)))
    world.answered(world.team("asks"), world.wrong_at(range(5)))
    asked = ask_to_replace(world, {3: 1 - int(world.labels[3])})

    assert found("correction", NOW + HOUR) == []
    (told,) = found("correction")
    assert told.what.startswith(f"the correction of batch {str(asked.batch)[:8]} is not made")
    assert "audit worker" in told.mend

    assert reseal(asked)
    assert found("correction") == []
    assert found("rescoring", NOW + HOUR) == []
    (told,) = found("rescoring")
    assert told.what.startswith("round 1 is not scored again on corrected labels, since 2026-03-01")


def test_an_envelope_that_nobody_looked_into_is_told_after_an_hour() -> None:
    world = make_world("weather")
    draw = Draw.objects.get(benchmark=world.benchmark)
    envelope = SealedEnvelope.objects.create(
        draw=draw, sha256="0" * 64, size=1, actor="ada", at=NOW
    )

    assert found("envelope", NOW + HOUR) == []
    (told,) = found("envelope")
    assert str(draw.batch)[:8] in told.what

    SealedEnvelope.objects.filter(pk=envelope.pk).update(status="VERIFIED", judged_at=NOW)
    assert found("envelope") == []


def test_late_labels_that_wait_are_told_once_for_their_holdout() -> None:
    made = awaited_round.published("later")
    late = made.now + HOUR + dt.timedelta(minutes=1)
    for rows in (range(30), range(30, 60)):
        made.deliver(made.rows(rows))

    assert found("label_batch", made.now + HOUR) == []
    (told,) = found("label_batch", late)
    assert told.what.startswith(
        f"2 batches of late labels wait for holdout {str(made.holdout.pk)[:8]}"
    )

    made.advance()
    assert found("label_batch", late) == []


def test_what_is_sealed_for_an_older_key_is_told(settings: Settings, tmp_path: Path) -> None:
    own = tmp_path / "audit.pem"
    own.write_bytes(Path(settings.AUDIT_PRIVATE_KEY_FILE).read_bytes())
    settings.AUDIT_PRIVATE_KEY_FILE = str(own)
    world = make_world("weather")
    ask_to_replace(world, {3: 1 - int(world.labels[3])})
    assert found("older_key") == []
    generation = sealing_keys.active(purpose="audit").generation
    sealing_keys.renew(purpose="audit", private_key_file=own)

    (told,) = found("older_key")

    assert told.benchmark == ""
    assert f"generation {generation} of the audit key" in told.what
    assert told.what.endswith(": 2 label versions, 1 draw, 1 correction")
    assert "rotate_keys --purpose audit" in told.mend
    with acting_as("audit"):
        call_command("rotate_keys", "--purpose", "audit", stdout=io.StringIO())
    assert found("older_key") == []


def test_a_round_that_is_still_open_after_its_end_is_told() -> None:
    world = make_world("weather")
    world.open()
    end = world.round.closes_at

    assert found("still_open", end + dt.timedelta(seconds=30)) == []
    (told,) = found("still_open", end + dt.timedelta(minutes=2))
    assert told.what == "round 1 is still open: it ended at 2026-03-31 12:00 UTC"


def closed_world() -> World:
    world = make_world("weather")
    world.open()
    Round.objects.update(status="CLOSED", stopped_at=NOW, closed_at=NOW)
    return world


def audit_run(world: World, status: str, **given: Any) -> AuditRun:
    return AuditRun.objects.create(
        round=world.round,
        status=status,
        snapshot={},
        seed_entropy="0",
        started_at=NOW,
        **given,
    )


def test_a_closed_round_whose_audit_did_not_begin_is_told_after_an_hour() -> None:
    closed_world()

    assert found("audit", NOW + HOUR) == []
    (told,) = found("audit")
    assert told.what == (
        "round 1 is closed, and its audit did not begin, since 2026-03-01 12:00 UTC"
    )


def test_an_audit_that_does_not_end_is_told_after_an_hour() -> None:
    """So it is if the worker was killed in it and does not come back."""
    world = closed_world()
    audit_run(world, "FAILED", error="interrupted")
    audit_run(world, "RUNNING")

    assert found("audit", NOW + HOUR) == []
    (told,) = found("audit")
    assert told.what == (
        "round 1 is closed, and its audit began at 2026-03-01 12:00 UTC and did not end"
    )


def test_a_round_that_did_not_open_is_told_after_an_hour() -> None:
    world = make_world("weather")
    opens = world.round.opens_at

    assert found("not_opened", opens + HOUR) == []
    (told,) = found("not_opened", opens + HOUR + dt.timedelta(minutes=1))
    assert told.what.startswith("round 1 is not open: it was planned to open at 2026-")


def test_a_round_that_does_not_close_is_told_unless_something_waits() -> None:
    world = make_world("weather")
    world.open(baseline=world.wrong_at(range(40)))
    waiting = world.submit(world.team("slow"), world.wrong_at(range(5)))
    end = world.round.closes_at
    Round.objects.update(status="CLOSING", stopped_at=end)
    late = end + HOUR + dt.timedelta(minutes=1)
    assert found("still_closing", late) == []
    world.score(waiting.submission)

    assert found("still_closing", end + HOUR) == []
    (told,) = found("still_closing", late)
    assert told.what == "round 1 is still closing, and nothing is left to wait for"


def test_a_closed_round_whose_audit_failed_is_told_at_once_until_it_is_audited() -> None:
    world = closed_world()
    for error in ("KeyError", "MemoryError"):
        audit_run(world, "FAILED", error=error)

    (told,) = found("audit", NOW)

    assert told.what == (
        "round 1 is closed, and its audit failed 2 times, the last time by MemoryError"
    )
    audit_run(world, "DONE")
    Round.objects.update(status="AUDITED", audited_at=NOW)
    assert found("audit") == []
