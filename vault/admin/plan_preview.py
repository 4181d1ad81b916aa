"""A round as it would be, shown before it is planned: its constants, what follows, and what to know first.

A preview is sealed by a digest of all that it shows. Planning takes the digest back, so that nobody plans
what was not read: whatever has changed since, on the form or in the vault, is shown anew.
"""

import datetime as dt
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from vault import conveyor, holdout_ledger, next_round, panel, sentences
from vault.admin import outlook, parameters
from vault.admin.pages import NOTHING, Page, Table, minute
from vault.models import Holdout, Round
from vault.next_round import Following
from vault.planning import checks as plan_checks
from vault.planning import preview as round_preview
from vault.planning import prospects
from vault.statuses import PublicationKind

Rows = list[tuple[str, str]]
UNAUDITED = "none: an unaudited round, which teams see"
FIXED = (
    "Once it is planned, its end can only be moved to a later time, and single teams can be given more "
    "queries or let in late; nothing else of it can be changed."
)


@dataclass(frozen=True, kw_only=True)
class Preview:
    constants: Rows
    figures: Rows
    warnings: list[str]
    # To the last digit; tables shorten ids and times.
    plan: dict[str, Any]
    # Of a round that is planned like the last one: what differs from it, and what is taken over.
    changes: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def seal(self) -> str:
        """Give a hash that changes with whatever is shown, and with whatever is planned."""
        everything = [self.constants, self.figures, self.warnings, self.plan, self.changes]
        # Of holdouts and teams their ids.
        text = json.dumps(everything, sort_keys=True, default=lambda it: str(getattr(it, "pk", it)))
        return hashlib.sha256(text.encode()).hexdigest()


def preview(
    *,
    plan: dict[str, Any],
    now: dt.datetime,
    after: Round | None = None,
    following: Following | None = None,
) -> Preview:
    """Work out what the form's values come to, refused as planning would. Nothing is written.

    With `after` the round is planned like that one, and `following` says what is taken over.
    """
    values = dict(plan)
    fresh_holdouts, references = values.pop("fresh_holdouts"), values.pop("references")
    round = Round(panel=panel.latest(benchmark=plan["benchmark"]), **values)
    round.parameters = plan_checks.check(
        round=round, fresh_holdouts=fresh_holdouts, references=references, now=now
    )
    changes = []
    if after is not None and following is not None:
        changes = next_round.changes(
            after=after,
            planned=round,
            fresh_holdouts=fresh_holdouts,
            references=references,
            following=following,
        )
    n_references = len(references)
    warnings = prospects.of_plan(
        round=round, fresh_holdouts=fresh_holdouts, n_references=n_references
    )
    tolerance = prospects.tolerance(benchmark=round.benchmark)
    return Preview(
        constants=_constants(round, fresh_holdouts, [team.name for team in references]),
        figures=_figures(round, fresh_holdouts, n_references),
        warnings=[*warnings, tolerance] if tolerance else warnings,
        plan={**plan, "after": after, "following": repr(following)},
        changes=[(each.what, each.before, each.then) for each in changes],
    )


def page_of(
    page: Page, request: HttpRequest, form: BaseForm, shown: Preview, *, has_changed: bool
) -> HttpResponse:
    """Show the preview with the form's values in it, unseen, for either button."""
    return page.form_page(
        request,
        form,
        title="Preview: is this the round that you want?",
        template="vault/admin/plan_preview.html",
        explanation="Nothing is planned yet. Read what the round would be and what it could find. "
        f"{FIXED}",
        submit="Preview",
        back=reverse("admin:vault_round_changelist"),
        has_changed=has_changed,
        warnings=shown.warnings,
        seal=shown.seal,
        tables=[
            *_differences(shown),
            Table(heading="What it could do", header=("What", "How much"), rows=shown.figures),
            Table(heading="What would be fixed", header=("What", "Value"), rows=shown.constants),
        ],
    )


def _differences(shown: Preview) -> list[Table]:
    if not shown.changes:
        return []
    return [
        Table(
            heading="What differs from the last round",
            note="All else stays as it was.",
            header=("What", "Then", "Now"),
            rows=shown.changes,
        )
    ]


def described(holdout: Holdout) -> str:
    """Describe a holdout that can be chosen, in one line."""
    groups = f" in {holdout.n_units:,} groups" if holdout.n_units is not None else ""
    return (
        f"{holdout.benchmark.slug}: {holdout.kind}, {holdout.n_items:,} items{groups}, "
        f"sealed {holdout.sealed_at:%Y-%m-%d} ({str(holdout.pk)[:8]}, draw {str(holdout.batch)[:8]})"
    )


def _constants(round: Round, fresh_holdouts: list[Holdout], references: list[str]) -> Rows:
    fresh = "; ".join(described(each) for each in fresh_holdouts)
    opens = "by itself, once each named reference has a scored file" if references else "by hand"
    return [
        ("Benchmark", str(round.benchmark)),
        ("Panel", f"version {round.panel.version}, {round.panel.n_items:,} items"),
        ("Query holdout", described(round.query_holdout)),
        ("Fresh holdouts", fresh or NOTHING),
        ("Audit", UNAUDITED if round.unaudited else "tests each team on the fresh holdout"),
        ("Mechanism", round.mechanism),
        ("Mechanism parameters", parameters.explained(round).replace("\n", "; ") or NOTHING),
        ("References, the baseline first", ", ".join(references) or NOTHING),
        ("Opens", f"{minute(round.opens_at)}, {opens}"),
        ("Closes", minute(round.closes_at)),
        ("Queries of a team", f"{round.total_limit:,} in the round"),
        (
            "In a window",
            f"{round.window_limit:,} in any {sentences.length(seconds=round.window_seconds)}",
        ),
        ("Waiting for a score", f"{round.concurrent_limit:,} of a team at once"),
        ("Teams that see scores", f"{round.max_teams:,} at most"),
        ("Publication", f"{round.publication}: {PublicationKind(round.publication).label}"),
    ]


def _figures(round: Round, fresh_holdouts: list[Holdout], n_references: int) -> Rows:
    reach = round_preview.reach(
        account=holdout_ledger.account_to_bound(round=round),
        k=round.total_limit,
        n_teams=round.max_teams,
        n_references=n_references,
        told=holdout_ledger.holdout_nats(holdout=round.query_holdout),
    )
    stock = conveyor.stock(benchmark=round.benchmark)
    after = conveyor.stock_after(round=round, fresh_holdouts=fresh_holdouts)
    return [
        ("Steps of the scores that teams see", outlook.resolution(round)),
        ("Steps of the published results", outlook.published(round, fresh_holdouts)),
        ("What a team's answers can tell of the labels", outlook.told_to_one(reach)),
        ("What all answers can tell of the labels", outlook.told(reach, round=round)),
        ("How far off a shown score can be, one team alone", outlook.proven_alone(reach.alone)),
        (
            "How far off a shown score can be, all teams together",
            outlook.proven_together(reach.together, queries="planned"),
        ),
        ("Smallest overstatement that the audit finds", outlook.detectable(round, fresh_holdouts)),
        ("Stock of labels", outlook.stock_after(stock, after, publication=round.publication)),
    ]
