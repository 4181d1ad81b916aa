"""A small installation for tests of the admin: people, and one benchmark with something on every page."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.urls import reverse

from audits.models import AuditRun, Finding, Publication, Report
from tests.vault.factories import World, make_keys, make_world
from vault import rounds
from vault.models import RawScore, Release, Submission, TeamToken
from vault.people.groups import ORGANIZER, RESEARCHER
from vault.teams import tokens

BACKEND = "django.contrib.auth.backends.ModelBackend"
ANONYMOUS, OUTSIDER, SUPERUSER = "anonymous", "outsider", "superuser"
PEOPLE = (ANONYMOUS, OUTSIDER, RESEARCHER, ORGANIZER)
# What audits know and no other page may tell: it is found on a page in whatever way it is rounded.
RAW, RAW_ON_FRESH = 0.731577, 0.618423
SEALED_LOG_LOSS = 0.513579


@dataclass(kw_only=True)
class Stage:
    world: World
    submission: Submission
    token: TeamToken
    run: AuditRun
    finding: Finding
    report: Report
    publication: Publication

    @property
    def objects(self) -> dict[str, Any]:
        """One object for each model of the admin."""
        world = self.world
        admission = world.round.admissions.get()
        return {
            "vault_benchmark": world.benchmark,
            "vault_holdout": world.query,
            "vault_round": world.round,
            "vault_team": world.teams["alpha"],
            "vault_teamtoken": self.token,
            "vault_admission": admission,
            "vault_submission": self.submission,
            "vault_budgetentry": admission.entries.get(),
            "vault_journalentry": world.benchmark.journal.get(sequence=1),
            "audits_auditrun": self.run,
            "audits_finding": self.finding,
            "audits_report": self.report,
            "audits_publication": self.publication,
            "auth_user": User.objects.get(username=OUTSIDER),
        }


def make_people() -> None:
    User.objects.create_superuser(SUPERUSER)
    User.objects.create_user(OUTSIDER)
    for name in (RESEARCHER, ORGANIZER):
        User.objects.create_user(name, is_staff=True).groups.add(Group.objects.get(name=name))


def client_of(person: str) -> Client:
    client = Client()
    if person != ANONYMOUS:
        client.force_login(User.objects.get(username=person), backend=BACKEND)
    return client


def url(name: str, *args: Any) -> str:
    return reverse(f"admin:{name}", args=args)


def make_stage() -> Stage:
    """An open round with a submission that is scored and shown as no improvement, and its audit."""
    world = make_world("weather", n_query=30, n_fresh=40)
    now = world.now
    alpha = world.team("alpha")
    world.team("baseline", is_reference=True)
    rounds.open_round(round=world.round, references=None, actor="test", now=now)
    submission = world.submit(alpha, world.wrong_at([1, 2]), now=now).submission
    _score(world, submission, now=now)
    token, _ = tokens.issue(team=alpha, label="nightly", scopes=["read"], expires_at=None, now=now)
    return Stage(
        world=world, submission=submission, token=token, **_audited(world, submission, now=now)
    )


def _score(world: World, submission: Submission, *, now: dt.datetime) -> None:
    raw = {("accuracy", world.query): RAW, ("log_loss", world.query): SEALED_LOG_LOSS}
    for (metric, holdout), value in raw.items():
        RawScore.objects.create(
            submission=submission,
            holdout=holdout,
            scorer_version="1",
            metric=metric,
            value=value,
            low=value - 0.05,
            high=value + 0.05,
            scored_at=now,
        )
    Release.objects.create(
        submission=submission, value=None, outcome="no_improvement", released_at=now
    )
    Submission.objects.filter(pk=submission.pk).update(status="SCORED", finished_at=now)


def _audited(world: World, submission: Submission, *, now: dt.datetime) -> dict[str, Any]:
    run = AuditRun.objects.create(
        round=world.round,
        status="DONE",
        snapshot={"submissions": [str(submission.pk)]},
        seed_entropy="ab" * 16,
        shift_gate="quiet",
        started_at=now,
        finished_at=now,
    )
    finding = Finding.objects.create(
        run=run,
        team=submission.team,
        submission=submission,
        check_name="verdict",
        estimate=0.0123,
        low=-0.02,
        high=0.04,
        p_value=0.41,
        minimum_detectable_effect=0.05,
        verdict="NO_EVIDENCE",
        published_verdict="NO_EVIDENCE",
        query=RAW,
        fresh=RAW_ON_FRESH,
    )
    report = Report.objects.create(
        run=run, html="<!doctype html><title>Audit</title>", sha256="cd" * 32, created_at=now
    )
    publication = Publication.objects.create(
        round=world.round, benchmark=world.benchmark, document={"teams": []}, published_at=now
    )
    return {"run": run, "finding": finding, "report": report, "publication": publication}


@pytest.fixture
def installation(db: None, tmp_path: Path, settings: Any) -> Iterator[None]:
    """The admin's routes, keys to seal for, people, and afterwards the owner's rights again."""
    settings.ROOT_URLCONF = "config.admin_urls"
    settings.STATIC_ROOT = str(tmp_path)
    settings.MEDIA_ROOT = str(tmp_path / "files")
    make_keys(directory=tmp_path, settings=settings)
    make_people()
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


@pytest.fixture
def stage(installation: None) -> Stage:
    return make_stage()
