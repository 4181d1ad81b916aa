"""A team's submissions: hand in, look, cancel, withdraw, declare final."""

import uuid
from typing import Any

from django.urls import reverse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from vault import submissions
from vault.api import files, finding, shown
from vault.api.permissions import MayRead, MaySubmit
from vault.api.provenance import provenance, validation_score
from vault.models import Submission

# When a bot may look again; a submission is usually scored within it.
PENDING_RETRY_SECONDS = 1
LONGEST_LIST = 500


class SubmissionCollection(APIView):
    def get_permissions(self) -> list[Any]:
        return [MaySubmit() if self.request.method == "POST" else MayRead()]

    def get(self, request: Request, slug: str) -> Response:
        """One's own, newest first; `?status=`, `?sha256=`, `?round=` narrow the list."""
        benchmark = finding.visible_benchmark(request, slug)
        own = finding.own_submissions(request).filter(round__benchmark=benchmark)
        filters = {"status": "status", "sha256": "sha256", "round": "round__number"}
        for parameter, field in filters.items():
            value = request.query_params.get(parameter)
            if value is not None:
                own = own.filter(**{field: value}) if _fits(parameter, value) else own.none()
        listed = own.order_by("-submitted_at", "-sequence")[:LONGEST_LIST]
        response = Response({"results": [shown.submission(each) for each in listed]})
        response["Cache-Control"] = "no-store"
        return response

    def post(self, request: Request, slug: str) -> Response:
        """What is cheap to refuse is refused first, and the body is read last."""
        team = finding.own_team(request)
        benchmark = finding.visible_benchmark(request, slug)
        announced = files.announced(request)
        given = provenance(request)
        own_score = validation_score(request)
        round = submissions.current_round(benchmark=benchmark, team=team, now=timezone.now())
        submissions.check_validation_score(round=round, team=team, given=own_score)
        receipt = submissions.receive(
            team=team,
            benchmark=benchmark,
            panel=round.panel,
            predictions=files.parsed(request, announced, benchmark=benchmark, panel=round.panel),
            provenance=given,
            validation_score=own_score,
            now=timezone.now(),
        )
        submission = finding.own_submission(request, receipt.submission.pk)
        response = _shown(submission, status=202 if receipt.is_new else 200)
        response["Location"] = reverse("submission", args=[submission.pk])
        return response


class SubmissionDetail(APIView):
    def get_permissions(self) -> list[Any]:
        return [MaySubmit() if self.request.method == "DELETE" else MayRead()]

    def get(self, request: Request, submission_id: uuid.UUID) -> Response:
        return _shown(finding.own_submission(request, submission_id))

    def delete(self, request: Request, submission_id: uuid.UUID) -> Response:
        submission = finding.own_submission(request, submission_id)
        submissions.cancel(submission=submission, now=timezone.now())
        return _shown(finding.own_submission(request, submission_id))


class SubmissionFinal(APIView):
    permission_classes = [MaySubmit]

    def post(self, request: Request, submission_id: uuid.UUID) -> Response:
        submission = finding.own_submission(request, submission_id)
        submissions.declare_final(submission=submission, now=timezone.now())
        return _shown(finding.own_submission(request, submission_id))


class SubmissionWithdrawal(APIView):
    permission_classes = [MaySubmit]

    def post(self, request: Request, submission_id: uuid.UUID) -> Response:
        submission = finding.own_submission(request, submission_id)
        submissions.withdraw(submission=submission, now=timezone.now())
        return _shown(finding.own_submission(request, submission_id))


def _shown(submission: Submission, *, status: int = 200) -> Response:
    response = Response(shown.submission(submission), status=status)
    response["Cache-Control"] = "no-store"
    if shown.is_pending(submission):
        response["Retry-After"] = str(PENDING_RETRY_SECONDS)
    return response


def _fits(parameter: str, value: str) -> bool:
    """Whether the database can compare with it at all."""
    return finding.is_number(value) if parameter == "round" else "\x00" not in value
