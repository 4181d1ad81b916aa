"""Awaited labels: what is awaited, the batches of their provider, and rows beside a round's published ones.

A batch arrives shut, and this process cannot open it. A provider's token is good for these addresses and no
others, and a team's token delivers nothing.
"""

import uuid
from typing import Any

from django.db import IntegrityError
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, UnreadablePostError
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from vault import label_providers
from vault.api import bodies, idempotency, negotiation, selectors, throttles
from vault.api.answers import json_answer
from vault.api.authentication import TeamTokenAuthentication
from vault.api.problems import ProblemError
from vault.api.publicly import PublicView
from vault.api.representations.prospective import BATCH, RESULTS, holdout_results, prospective
from vault.models import (
    AwaitedLabels,
    Benchmark,
    Holdout,
    LabelBatch,
    LabelProvider,
    ProspectiveLook,
)
from vault.sealing import batch_format
from vault.statuses import RoundStatus

USUAL = "bearer"


class ProviderAuthentication(BaseAuthentication):
    """A label provider by its token; whoever shows a team's is that team."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        header = get_authorization_header(request).decode("latin-1")
        scheme, _, plain = header.partition(" ")
        if scheme.lower() == USUAL and plain.strip().startswith(label_providers.PREFIX):
            provider = label_providers.authenticate(plain=plain.strip(), now=timezone.now())
            if provider is not None:
                return provider, provider
        # Says what is wrong with any other token.
        return TeamTokenAuthentication().authenticate(request)

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class MayDeliver(BasePermission):
    """A label provider, of whichever benchmark: of another's there is nothing here."""

    message = f"the token needs the scope '{label_providers.SCOPE}', which label providers have"

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.auth is None:
            throttles.count_unauthenticated(request)
        return isinstance(request.auth, LabelProvider)


class ProspectiveDetail(PublicView):
    """What is awaited, how much of it is there, and the key that a batch is sealed for."""

    authentication_classes = [ProviderAuthentication]

    def get(self, request: Request, slug: str, holdout_id: uuid.UUID) -> HttpResponse:
        awaited = _awaited(_visible(request, slug), holdout_id)
        return json_answer(
            prospective(
                awaited,
                n_labelled=label_providers.n_labelled(holdout=awaited.holdout),
                audit_key=label_providers.audit_key(),
            )
        )


class BatchCollection(APIView):
    authentication_classes = [ProviderAuthentication]
    permission_classes = [MayDeliver]

    def post(self, request: Request, slug: str, holdout_id: uuid.UUID) -> HttpResponse:
        holdout = _own_holdout(request, slug, holdout_id)
        key, body = idempotency.key_of(request), _body(request)
        provider = _provider(request)
        earlier = label_providers.known_by(provider=provider, idempotency_key=key)
        try:
            if earlier is None:
                earlier, is_new = label_providers.receive(
                    provider=provider,
                    holdout=holdout,
                    body=body,
                    idempotency_key=key,
                    now=timezone.now(),
                )
            else:
                is_new = False
                label_providers.check_same(batch=earlier, holdout=holdout, body=body)
        except (IntegrityError, label_providers.OtherBatchError):
            # Two batches at once under one key: one of them came first.
            raise ProblemError("idempotency_key_reused") from None
        response = json_answer(BATCH.show(earlier), status=202, Location=_address(earlier))
        if not is_new:
            response["Idempotency-Replayed"] = "true"
        return response


class BatchDetail(APIView):
    authentication_classes = [ProviderAuthentication]
    permission_classes = [MayDeliver]

    def get(
        self, request: Request, slug: str, holdout_id: uuid.UUID, batch_id: uuid.UUID
    ) -> HttpResponse:
        holdout = _own_holdout(request, slug, holdout_id)
        own: QuerySet[LabelBatch] = LabelBatch.objects.filter(
            holdout=holdout, provider=_provider(request)
        )
        return json_answer(BATCH.show(get_object_or_404(own, pk=batch_id)))


class ProspectiveResults(PublicView):
    """Rows beside the published ones, of every look that is shown."""

    def get(self, request: Request, slug: str, number: int) -> HttpResponse:
        benchmark = selectors.visible_benchmark(request, slug)
        rounds = selectors.every_round(benchmark).filter(status=RoundStatus.PUBLISHED)
        if number > selectors.MAX_NUMBER:
            raise Http404
        round = get_object_or_404(rounds, number=number)
        looks = ProspectiveLook.objects.filter(round=round, is_shown=True)
        last = looks.order_by("-pk").values_list("pk", flat=True).first()
        return negotiation.answer_once(
            request,
            etag=f'"prospective-{round.pk}-{last or 0}"',
            make=lambda: json_answer(RESULTS.show(round, holdouts=holdout_results(round))),
            vary=["Authorization"],
        )


def _visible(request: Request, slug: str) -> Benchmark:
    if isinstance(request.auth, LabelProvider) and request.auth.benchmark.slug == slug:
        return request.auth.benchmark
    return selectors.visible_benchmark(request, slug)


def _provider(request: Request) -> LabelProvider:
    assert isinstance(request.auth, LabelProvider)  # the view's permission demands one
    return request.auth


def _own_holdout(request: Request, slug: str, holdout_id: uuid.UUID) -> Holdout:
    """Find a prospective holdout of the provider's own benchmark; another's is not found."""
    benchmark = _provider(request).benchmark
    if benchmark.slug != slug:
        raise Http404
    return _awaited(benchmark, holdout_id).holdout


def _awaited(benchmark: Benchmark, holdout_id: uuid.UUID) -> AwaitedLabels:
    found = AwaitedLabels.objects.select_related("holdout__benchmark", "holdout__panel")
    return get_object_or_404(found, holdout=holdout_id, holdout__benchmark=benchmark)


def _body(request: Request) -> bytes:
    """Read an envelope's bytes, as JSON and unpacked."""
    http, limit = request._request, batch_format.MAX_ENVELOPE_BYTES
    length = bodies.length(http, limit=limit, too_large=f"a batch may have {limit} bytes")
    is_plain = http.headers.get("Content-Encoding", "identity").lower() == "identity"
    if http.content_type != negotiation.JSON or not is_plain:
        raise ProblemError("unsupported_media_type", f"send {negotiation.JSON}, not packed")
    try:
        body = http.read(length)
    except UnreadablePostError:
        raise ProblemError("incomplete_body") from None
    if len(body) < length:
        raise ProblemError("incomplete_body")
    return body


def _address(batch: LabelBatch) -> str:
    return reverse("batch", args=[batch.holdout.benchmark.slug, batch.holdout_id, batch.pk])
