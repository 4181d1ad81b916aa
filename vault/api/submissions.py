"""A team's submissions: hand in, list, cancel, withdraw, declare final."""

import json
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from vault import budget, predictions, submissions, transcripts
from vault.api import (
    files,
    filters,
    idempotency,
    known_submissions,
    limits,
    negotiation,
    pages,
    polling,
    representations,
    selectors,
    submission_state,
    tables,
    throttles,
)
from vault.api.answers import json_answer
from vault.api.idempotency import KeyedRequest, idempotent
from vault.api.permissions import MayRead, MaySubmit
from vault.api.problems import ProblemError
from vault.api.provenance import provenance
from vault.api.submission_state import Polled
from vault.budget_left import Queries
from vault.errors import InvalidFileError
from vault.models import Benchmark, Round, Submission
from vault.statuses import SubmissionStatus
from vault.submissions import Provenance


class SubmissionCollection(APIView):
    def get_permissions(self) -> list[Any]:
        return [MaySubmit() if self.request.method == "POST" else MayRead()]

    def get(self, request: Request, slug: str) -> Response:
        """List one's own, newest first; `?status=`, `?sha256=`, `?round=` and `?key=` narrow the list."""
        benchmark = selectors.visible_benchmark(request, slug)
        own = selectors.submissions_of(selectors.own_team(request)).filter(
            round__benchmark=benchmark
        )
        # Ids are made of the time, so the newest is the largest.
        return pages.page(
            request, filters.narrowed(request, own), representations.submission, ordering="-id"
        )

    def post(self, request: Request, slug: str) -> HttpResponse:
        """Refuse first what is cheap to refuse, and read the body last."""
        benchmark = selectors.visible_benchmark(request, slug)
        announced = files.announced(request)
        throttles.check_parses(selectors.own_team(request))
        with idempotency.once(request) as keyed:
            prepared = None if keyed.is_known else _prepared(request, benchmark)
            with files.taken_in(keyed, announced) as upload:
                if prepared is None:
                    return _replayed(request, keyed)
                round, provenance = prepared
                try:
                    parsed = files.parsed(upload, benchmark=benchmark, panel=round.panel)
                except InvalidFileError:
                    throttles.count_parse(keyed.team)
                    raise
            keyed.keep_for(seconds=round.window_seconds)
            receipt = submissions.receive(
                team=keyed.team,
                round=round,
                panel=round.panel,
                predictions=parsed,
                provenance=provenance,
                idempotency_key=keyed.key,
                now=timezone.now(),
            )
            return _received(request, keyed, receipt)


class SubmissionDetail(APIView):
    def get_permissions(self) -> list[Any]:
        return [MaySubmit() if self.request.method == "DELETE" else MayRead()]

    def dispatch(self, request: HttpRequest, *args: Any, **named: Any) -> HttpResponseBase:
        usual = polling.unchanged(request, named["submission_id"])
        return super().dispatch(request, *args, **named) if usual is None else usual

    def get(self, request: Request, submission_id: uuid.UUID) -> HttpResponseBase:
        team_id = selectors.own_team(request).pk
        look = partial(submission_state.polled, submission_id=submission_id, team_id=team_id)
        latest, waited = look(), 0
        seconds = polling.preferred_wait(request._request)
        if latest is not None and latest.is_pending and seconds:
            after = polling.WAITERS.wait(latest, look, seconds=seconds, team_id=team_id)
            if after is not None:
                latest, waited = after, seconds
        response: HttpResponseBase | None = None
        if latest is not None:
            response = negotiation.unchanged(request, etag=latest.etag())
        if response is None or latest is None:
            row = _row(request, submission_id, latest)
            latest = submission_state.of_row(row)
            response = json_answer(representations.submission(row))
        if waited:
            response["Preference-Applied"] = f"wait={waited}"
        polling.set_fields(response, latest, etag=latest.etag())
        return response

    @idempotent()
    def delete(self, request: Request, submission_id: uuid.UUID) -> HttpResponse:
        return _after(submissions.cancel, request, submission_id)


class SubmissionFile(APIView):
    permission_classes = [MayRead]
    content_negotiation_class = negotiation.ViewChooses

    def get(self, request: Request, submission_id: uuid.UUID) -> HttpResponse:
        """Send the file, counted as a parse: writing one costs as much."""
        submission = selectors.own_submission(request, submission_id)
        form = negotiation.wanted(request, tables.FORMS)
        throttles.check_parses(submission.team)
        throttles.count_parse(submission.team)
        table = _table_of(submission)
        content = tables.as_csv(table) if form == "csv" else tables.as_parquet(table)
        response = HttpResponse(content, content_type=tables.FORMS[form])
        response["Content-Disposition"] = f'attachment; filename="{submission.pk}.{form}"'
        response["Cache-Control"] = "no-store"
        return response


class SubmissionFinal(APIView):
    permission_classes = [MaySubmit]

    @idempotent()
    def post(self, request: Request, submission_id: uuid.UUID) -> HttpResponse:
        return _after(submissions.declare_final, request, submission_id)


class SubmissionWithdrawal(APIView):
    permission_classes = [MaySubmit]

    @idempotent()
    def post(self, request: Request, submission_id: uuid.UUID) -> HttpResponse:
        return _after(submissions.withdraw, request, submission_id)


def _row(request: Request, submission_id: uuid.UUID, latest: Polled | None) -> Submission:
    """Find the submission with all that is shown of it; what this process knows is not asked for again."""
    known = None if latest is None else known_submissions.as_polled(latest)
    if known is not None:
        return known
    found = selectors.own_submission(request, submission_id)
    known_submissions.remember(found, team=selectors.own_team(request))
    return found


def _table_of(submission: Submission) -> Any:
    """Read it, never of a cancelled one: whether its file is still there tells what others have handed in."""
    if submission.status != SubmissionStatus.CANCELLED:
        try:
            return predictions.table(submission=submission)
        except FileNotFoundError:
            # Cancelled since it was looked up, or else lost.
            submission.refresh_from_db(fields=["status"])
            if submission.status != SubmissionStatus.CANCELLED:
                raise
    raise ProblemError("not_found", "the file of a cancelled submission is not kept")


def _prepared(request: Request, benchmark: Benchmark) -> tuple[Round, Provenance]:
    """Check all that can be refused without the body."""
    said = provenance(request)
    team = selectors.own_team(request)
    round = submissions.current_round(benchmark=benchmark, team=team, now=timezone.now())
    submissions.check_validation_score(
        round=round, team=team, validation_score=said.validation_score
    )
    return round, said


def _received(request: Request, keyed: KeyedRequest, receipt: submissions.Receipt) -> HttpResponse:
    """Answer from the row in hand if it is new; of an earlier one the present state is looked up."""
    if receipt.is_new:
        submission = receipt.submission
        # As `selectors.submissions_of` would find it: nothing was released of it yet.
        transcripts.know_answers(submission=submission, answers=[])
        known_submissions.remember(submission, team=keyed.team)
    else:
        submission = selectors.own_submission(request, receipt.submission.pk)
    response = keyed.keep(
        json_answer(
            representations.submission(submission),
            status=202 if receipt.is_new else 200,
            Location=reverse("submission", args=[submission.pk]),
        )
    )
    # After it was kept: the state that it names is of now.
    response["ETag"] = submission_state.of_row(submission).etag()
    return _with_pace(request, response, submission, left=receipt.left)


def _replayed(request: Request, keyed: KeyedRequest) -> HttpResponse:
    """Replay the first answer; a verdict on a file is one, too."""
    response = keyed.replay()
    if response.status_code >= 300:
        return response
    submission_id = uuid.UUID(json.loads(response.content)["id"])
    return _with_pace(request, response, selectors.own_submission(request, submission_id))


def _with_pace(
    request: Request, response: HttpResponse, submission: Submission, *, left: Queries | None = None
) -> HttpResponse:
    """Add what is left and when to come again, both as of now: also where the answer is an earlier one."""
    team, now = selectors.own_team(request), timezone.now()
    if not team.is_reference:
        left = left or budget.queries_left(round=submission.round, team=team, now=now)
        limits.set_fields(response, limits.of_budget(left, now=now))
    polling.pace(response, submission_state.of_row(submission))
    return response


def _after(act: Callable[..., object], request: Request, submission_id: uuid.UUID) -> HttpResponse:
    """Do something to the submission, and show it as it is then."""
    earlier = selectors.own_submission(request, submission_id)
    negotiation.check_match(request, etag=submission_state.of_row(earlier).etag())
    act(submission=earlier, now=timezone.now())
    submission = selectors.own_submission(request, submission_id)
    response = json_answer(representations.submission(submission))
    polling.pace(response, submission_state.of_row(submission))
    return response
