"""What a stranger keeps of a journal that is not shown: signed heads, and the keys to verify them with."""

from django.http import Http404, HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from vault.api import answers, negotiation, pages, selectors
from vault.api.publicly import PublicView
from vault.api.representations.heads import SIGNED_HEAD, SIGNING_KEY
from vault.models import Benchmark, SignedHead, SigningKey


class HeadDetail(PublicView):
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """Answer the latest head, or the one of `?number=N`."""
        return _head(request, benchmark=selectors.visible_benchmark(request, slug))


class InstallationHeadDetail(PublicView):
    def get(self, request: Request) -> HttpResponseBase:
        """Answer the same of the chain that is about no benchmark."""
        return _head(request, benchmark=None)


def _head(request: Request, *, benchmark: Benchmark | None) -> HttpResponseBase:
    heads = SignedHead.objects.filter(benchmark=benchmark)
    number = request.query_params.get("number")
    if number is not None:
        heads = heads.filter(number=number) if selectors.is_number(number) else heads.none()
    head = heads.order_by("-number").first()
    if head is None:
        raise Http404
    etag = f'"{head.key_id[:16]}-{head.number}-{head.hash[:32]}"'
    return negotiation.answer_once(
        request,
        etag=etag,
        make=lambda: answers.json_answer(SIGNED_HEAD.show(head)),
        vary=["Authorization"],
    )


class HeadList(PublicView):
    def get(self, request: Request, slug: str) -> Response:
        benchmark = selectors.visible_benchmark(request, slug)
        heads = SignedHead.objects.filter(benchmark=benchmark)
        return pages.page(request, heads, SIGNED_HEAD.show, ordering="number")


class SigningKeyList(PublicView):
    def get(self, request: Request) -> Response:
        keys = SigningKey.objects.all()
        return pages.page(
            request,
            keys,
            lambda key: SIGNING_KEY.show(key, algorithm="Ed25519"),
            ordering="generation",
        )
