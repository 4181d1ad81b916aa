"""The form that plans a round: its constants, which nobody changes afterwards."""

import datetime as dt
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.exceptions import PermissionDenied
from django.db.models import Field
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from stats.ledger import MAX_QUERIES
from stats.mechanisms import MECHANISMS
from vault import conveyor, next_round, rounds, sentences, team_names
from vault.admin import plan_preview
from vault.admin.json_field import TypedJSONField
from vault.admin.pages import Page, add_error, address, is_id, offer, sent
from vault.errors import VaultError
from vault.holdout_kinds import DECIDING
from vault.models import Benchmark, Holdout, Round, Team
from vault.next_round import Following
from vault.planning import prospects
from vault.statuses import HoldoutStatus, PublicationKind

DEFAULT_LENGTH = dt.timedelta(days=30)
# Of what is no number of queries: a database column's room, with a year's seconds in it.
MAX_NUMBER = 10**9


def _limit(name: str, help_text: str, *, most: int = MAX_NUMBER) -> forms.IntegerField:
    field = Round._meta.get_field(name)
    assert isinstance(field, Field)
    return forms.IntegerField(
        min_value=1, max_value=most, initial=field.default, help_text=help_text
    )


class PlanForm(forms.Form):
    benchmark = forms.ModelChoiceField(queryset=Benchmark.objects.order_by("slug"))
    query_holdout = forms.ModelChoiceField(
        queryset=Holdout.objects.none(), help_text="The iid holdout that answers queries."
    )
    fresh_holdouts = forms.ModelMultipleChoiceField(
        queryset=Holdout.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="What the audit opens. Only an iid holdout of the query holdout's draw decides a "
        "verdict, and only one that no audit has opened before.",
    )
    unaudited = forms.BooleanField(
        required=False,
        label="Unaudited",
        help_text="Plan it without a fresh iid holdout. Teams see that it is unaudited: nobody is tested, "
        "and every verdict is NOT_TESTED.",
    )
    mechanism = forms.ChoiceField(
        choices=[(name, name) for name in MECHANISMS],
        initial="guarded_ladder",
        help_text="How a score becomes an answer. The Ladders and one bit need a reference submission, "
        "Thresholdout the teams' own validation scores.",
    )
    parameters = TypedJSONField(
        required=False,
        initial=dict,
        widget=forms.Textarea(attrs={"rows": 2, "cols": 40}),
        help_text='JSON, such as {"b": 5}; what is left out has its default.',
    )
    references = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "cols": 40}),
        help_text="Names of reference teams, one in a line; the first is the baseline. The round opens by "
        "itself once each has a scored file.",
    )
    opens_at = forms.SplitDateTimeField(
        widget=AdminSplitDateTime,
        help_text="UTC. Announced. From then on the round opens by itself, if references are named; else "
        "an organizer opens it.",
    )
    closes_at = forms.SplitDateTimeField(
        widget=AdminSplitDateTime, help_text="UTC. From then on nothing is received."
    )
    total_limit = _limit(
        "total_limit",
        f"Most queries of one team in the round, up to {MAX_QUERIES:,}.",
        most=MAX_QUERIES,
    )
    window_limit = _limit(
        "window_limit",
        "Most queries of one team in a window: as many as in the round, or fewer.",
        most=MAX_QUERIES,
    )
    window_seconds = _limit("window_seconds", "Length of the rolling window; a day has 86400.")
    concurrent_limit = _limit(
        "concurrent_limit", "Most submissions of one team that wait for a score."
    )
    publication = forms.ChoiceField(
        choices=PublicationKind.choices,
        initial=PublicationKind.COARSE,
        help_text="After a coarse publication the fresh holdout answers the next round, after a full one "
        "it retires, and the next round takes two shards.",
    )
    max_teams = _limit("max_teams", "Teams that see scores; further ones are admitted blind.")

    def __init__(self, *args: Any, benchmark: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = Holdout.objects.select_related("benchmark").order_by("benchmark__slug", "sealed_at")
        if benchmark is not None and is_id(benchmark):
            known = known.filter(benchmark=int(benchmark))
            if (chosen := Benchmark.objects.filter(pk=benchmark).first()) is not None:
                stock = conveyor.stock(benchmark=chosen)
                self.fields["publication"].help_text += f" In stock: {stock.line}."
        queries = known.filter(kind__in=DECIDING, status=HoldoutStatus.QUERY)
        fresh = known.filter(status=HoldoutStatus.FRESH)
        judges = list(fresh.filter(kind__in=DECIDING))
        fresh = fresh.exclude(pk__in=conveyor.opened(holdouts=judges))
        offer(self, "query_holdout", queries, label=plan_preview.described)
        offer(self, "fresh_holdouts", fresh, label=plan_preview.described)

    def clean_parameters(self) -> dict[str, Any]:
        parameters = self.cleaned_data["parameters"] or {}
        if not isinstance(parameters, dict):
            raise forms.ValidationError('A JSON object is needed, such as {"b": 5}.')
        return parameters

    def clean_references(self) -> list[Team]:
        known = Team.objects.filter(is_reference=True, is_active=True)
        found = []
        for name in filter(None, map(str.strip, self.cleaned_data["references"].splitlines())):
            team = known.filter(folded=team_names.folded(name)).first()
            if team is None:
                names = ", ".join(known.order_by("name").values_list("name", flat=True)) or "none"
                raise forms.ValidationError(
                    f"There is no active reference team {name!r}. Reference teams: {names}."
                )
            found.append(team)
        return found

    def clean_fresh_holdouts(self) -> list[Holdout]:
        return list(self.cleaned_data["fresh_holdouts"])


class NextForm(PlanForm):
    """Of a round that is planned like the last one."""

    hands_in = forms.BooleanField(
        required=False,
        initial=True,
        label="Hand in the references' files again",
        help_text="Where they answer the same panel; else new files are asked for. They count towards the "
        "same limits as any other file of a reference.",
    )
    keeps_admissions = forms.BooleanField(
        required=False,
        initial=True,
        label="Keep the admissions",
        help_text="Each team that is active is admitted again, with as many queries, and journaled.",
    )

    @property
    def following(self) -> Following:
        return Following(
            hands_in=self.cleaned_data["hands_in"],
            keeps_admissions=self.cleaned_data["keeps_admissions"],
        )


def plan_view(page: Page, request: HttpRequest) -> HttpResponse:
    """Show the form, then a preview of the round, and only then plan: exactly what was previewed."""
    if not page.has_add_permission(request):
        raise PermissionDenied
    after = _after(request)
    form = _form(request, after)
    if form.is_bound and form.is_valid() and "change" not in request.POST:
        is_confirmed = "plan" in request.POST
        following = form.following if isinstance(form, NextForm) else None
        try:
            shown = plan_preview.preview(
                plan=_plan_of(form), now=timezone.now(), after=after, following=following
            )
            seen = request.POST.get("previewed", "")
            if is_confirmed and constant_time_compare(seen, shown.seal):
                return _plan(page, request, form, after)
        except VaultError as error:
            add_error(form, error)
        else:
            return plan_preview.page_of(page, request, form, shown, has_changed=is_confirmed)
    like = "" if after is None else f" It begins with what {after} was planned with."
    return page.form_page(
        request,
        form,
        title="Plan a round" if after is None else "Plan the next round",
        explanation="The next page shows what follows from this round, and changes nothing. "
        f"{plan_preview.FIXED}{like}",
        submit="Preview",
        back=reverse("admin:vault_round_changelist"),
    )


def next_address(round: Round) -> list[tuple[str, str]]:
    """Give label and address of the page that plans the next round; nothing if none can be planned."""
    if next_round.obstacle(after=round):
        return []
    query = {"benchmark": round.benchmark_id, "after": round.pk}
    return [("Plan the next round", reverse("admin:vault_round_add", query=query))]


def _after(request: HttpRequest) -> Round | None:
    """Find the round that the next one is planned like, if the address names one that can be followed."""
    text = request.GET.get("after", "")
    after = Round.objects.filter(pk=text).first() if is_id(text) else None
    if after is not None and (reason := next_round.obstacle(after=after)):
        messages.error(request, sentences.whole(reason))
        return None
    return after


def _form(request: HttpRequest, after: Round | None) -> PlanForm:
    now = timezone.now().replace(second=0, microsecond=0)
    benchmark = request.GET.get("benchmark")
    length = DEFAULT_LENGTH
    initial: dict[str, Any] = {"benchmark": benchmark}
    if after is not None:
        benchmark = str(after.benchmark_id)
        initial = next_round.constants(after=after)
        length = after.closes_at - after.opens_at
    initial |= {"opens_at": now, "closes_at": now + length, **_proposed(benchmark)}
    form = PlanForm if after is None else NextForm
    return form(*sent(request), benchmark=benchmark, initial=initial)


def _plan_of(form: PlanForm) -> dict[str, Any]:
    """Give the values of the plan alone."""
    return {name: form.cleaned_data[name] for name in PlanForm.base_fields}


def _proposed(benchmark: str | None) -> dict[str, Any]:
    """Choose the conveyor's pair beforehand, if one is ready."""
    if benchmark is None or not is_id(benchmark):
        return {}
    chosen = Benchmark.objects.filter(pk=benchmark).first()
    pair = None if chosen is None else conveyor.proposed(benchmark=chosen)
    return {} if pair is None else {"query_holdout": pair[0], "fresh_holdouts": [pair[1]]}


def _plan(page: Page, request: HttpRequest, form: PlanForm, after: Round | None) -> HttpResponse:
    actor, now = request.user.get_username(), timezone.now()
    if after is not None and isinstance(form, NextForm):
        done = next_round.plan(
            after=after, plan=_plan_of(form), following=form.following, actor=actor, now=now
        )
        planned = done.round
        messages.info(request, done.line)
    else:
        planned = rounds.plan(**_plan_of(form), actor=actor, now=now)
    page.log_addition(request, planned, "Planned.")
    then = "it opens by itself" if planned.named_references else "then open the round"
    messages.success(
        request,
        f"The round {planned} is planned. Hand in the baseline file of a reference here, or over the API; "
        f"{then}.",
    )
    # What it cannot find: not of references, which come now, unless none can.
    for sentence in (
        *prospects.of_draw(round=planned, fresh_holdouts=planned.fresh_holdouts.all()),
        *prospects.of_room(round=planned, n_references=len(planned.named_references)),
    ):
        messages.warning(request, sentence)
    if warning := conveyor.stock(benchmark=planned.benchmark).warning:
        messages.warning(request, warning)
    if tolerance := prospects.tolerance(benchmark=planned.benchmark):
        messages.info(request, tolerance)
    return HttpResponseRedirect(address(planned))
