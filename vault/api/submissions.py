"""A team's submissions: hand in, look, cancel, withdraw, declare final."""

import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator, URLValidator
from django.urls import reverse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from vault import submissions
from vault.api import files, finding, shown
from vault.api.permissions import MayRead, MaySubmit
from vault.api.problems import ProblemError
from vault.models import Submission

# When a bot may look again; a submission is usually scored within it.
PENDING_RETRY_SECONDS = 1
LONGEST_LIST = 500

_provenance_checks: dict[str, tuple[int, Any]] = {
    "model_name": (200, RegexValidator(r"^[^\x00-\x1f]*$", "no control characters")),
    "commit": (64, RegexValidator(r"^[0-9A-Za-z._/-]*$", "letters, digits, '.', '_', '/', '-'")),
    "ci_run_url": (500, URLValidator(schemes=["https", "http"])),
}


class SubmissionCollection(APIView):
    def get_permissions(self) -> list[Any]:
        return [MaySubmit() if self.request.method == "POST" else MayRead()]

    def get(self, request: Request, slug: str) -> Response:
        """One's own, newest first; `?status=`, `?sha256=`, `?round=` narrow the list."""
        benchmark = finding.visible_benchmark(request, slug)
        own = Submission.objects.filter(
            team=finding.own_team(request), round__benchmark=benchmark
        ).select_related("round", "release")
        filters = {"status": "status", "sha256": "sha256", "round": "round__number"}
        for parameter, field in filters.items():
            value = request.query_params.get(parameter)
            if value is not None:
                own = own.filter(**{field: value}) if _fits(parameter, value) else own.none()
        listed = own.order_by("-submitted_at", "-sequence")[:LONGEST_LIST]
        return Response({"results": [shown.submission(each) for each in listed]})

    def post(self, request: Request, slug: str) -> Response:
        now = timezone.now()
        team = finding.own_team(request)
        benchmark = finding.visible_benchmark(request, slug)
        provenance = _provenance(request)
        submissions.current_round(benchmark=benchmark, team=team, now=now)
        with files.parsed(request, benchmark) as (panel, predictions):
            receipt = submissions.receive(
                team=team,
                benchmark=benchmark,
                panel=panel,
                predictions=predictions,
                provenance=provenance,
                now=timezone.now(),
            )
        return _shown(receipt.submission, status=202 if receipt.is_new else 200)


class SubmissionDetail(APIView):
    def get_permissions(self) -> list[Any]:
        return [MaySubmit() if self.request.method == "DELETE" else MayRead()]

    def get(self, request: Request, submission_id: uuid.UUID) -> Response:
        return _shown(finding.own_submission(request, submission_id), status=200)

    def delete(self, request: Request, submission_id: uuid.UUID) -> Response:
        submission = finding.own_submission(request, submission_id)
        submissions.cancel(submission=submission, now=timezone.now())
        return _shown(finding.own_submission(request, submission_id), status=200)


class SubmissionFinal(APIView):
    permission_classes = [MaySubmit]

    def post(self, request: Request, submission_id: uuid.UUID) -> Response:
        submission = finding.own_submission(request, submission_id)
        submissions.declare_final(submission=submission, now=timezone.now())
        return _shown(submission, status=200)


class SubmissionWithdrawal(APIView):
    permission_classes = [MaySubmit]

    def post(self, request: Request, submission_id: uuid.UUID) -> Response:
        submission = finding.own_submission(request, submission_id)
        submissions.withdraw(submission=submission, now=timezone.now())
        return _shown(finding.own_submission(request, submission_id), status=200)


class Validation(APIView):
    """The same checks as a submission's, and nothing else: no charge, no row, no file."""

    permission_classes = [MaySubmit]

    def post(self, request: Request, slug: str) -> Response:
        benchmark = finding.visible_benchmark(request, slug)
        with files.parsed(request, benchmark) as (panel, predictions):
            return Response(
                {
                    "is_valid": True,
                    "panel_version": panel.version,
                    "n_items": panel.n_items,
                    "sha256": predictions.sha256,
                }
            )


def _shown(submission: Submission, *, status: int) -> Response:
    response = Response(shown.submission(submission), status=status)
    response["Location"] = reverse("submission", args=[submission.pk])
    response["Cache-Control"] = "no-store"
    if shown.is_pending(submission):
        response["Retry-After"] = str(PENDING_RETRY_SECONDS)
    return response


def _provenance(request: Request) -> dict[str, str]:
    """Query parameters, because the body is the file."""
    given = {}
    for name, (longest, check) in _provenance_checks.items():
        value = request.query_params.get(name, "")
        if not value:
            continue
        try:
            if len(value) > longest:
                raise ValidationError(f"at most {longest} characters")
            check(value)
        except ValidationError as error:
            detail = f"{name}: {error.messages[0]}"
            raise ProblemError(422, "invalid_parameter", detail, field=name) from None
        given[name] = value
    return given


def _fits(parameter: str, value: str) -> bool:
    return value.isdecimal() and len(value) < 9 if parameter == "round" else "\x00" not in value
