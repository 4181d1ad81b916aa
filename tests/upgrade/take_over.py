"""Takes over a restored installation as an upgrade does, works on in it, and prints what it saw.

A program of its own, since it has another database than the test. All in one process: each of the commands
alone would spend its time on importing Django.
"""

import datetime as dt
import io
import json
import sys
from pathlib import Path

import django

django.setup()

from django.core.management import call_command  # noqa: E402 - after Django is set up

from audits import rounds as audit_rounds  # noqa: E402
from tests.upgrade import stage  # noqa: E402
from vault import rounds, scoring  # noqa: E402
from vault.models import Round, Submission  # noqa: E402
from vault.statuses import PENDING  # noqa: E402


def upgrade(*, keys: Path) -> None:
    """Do what `prepare_service` does at each start, but for the organizer's account."""
    call_command("migrate", verbosity=0)
    call_command("grant_roles", verbosity=0)
    for purpose in stage.PURPOSES:
        key = keys / f"{purpose}.key"
        call_command("create_sealing_key", purpose=purpose, private_key_file=key, verbosity=0)
    call_command("create_signing_key", private_key_file=keys / "signing.key", verbosity=0)


def verified() -> str:
    printed = io.StringIO()
    call_command("verify_journal", replay=True, stdout=printed)
    return printed.getvalue()


def finish_round() -> None:
    """Score what waits, close the open round, audit and publish it."""
    round = Round.objects.get(number=2)
    at = round.opens_at + dt.timedelta(days=1)
    for waiting in Submission.objects.filter(status__in=PENDING).order_by("pk"):
        scoring.score_team(submission_id=waiting.pk, clock=lambda: at)
    end = round.closes_at
    rounds.request_close(round=round, actor="organizer", now=end)
    assert audit_rounds.advance(round_id=round.pk, clock=lambda: end)
    audit_rounds.publish(round_id=round.pk, clock=lambda: end)


if __name__ == "__main__":
    upgrade(keys=Path(sys.argv[1]))
    seen = [{**stage.answers(), "verified": verified()}]
    finish_round()
    seen.append({**stage.answers(), "verified": verified()})
    sys.stdout.write(json.dumps(seen))
