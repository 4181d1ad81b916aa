"""Draws, and the public keys that somebody needs who seals labels where they live."""

import hashlib
import uuid

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from rest_framework.request import Request

from vault.api import negotiation, selectors
from vault.api.publicly import PublicView
from vault.files import content_files
from vault.models import DisclosedDraw
from vault.sealing import benchmark_sheet, sealing_sheet

VARY = ("Accept", "Authorization")


class SealingKeys(PublicView):
    """For whom and for what labels are sealed: the file that `run.py seal` asks for."""

    def get(self, request: Request, slug: str) -> HttpResponseBase:
        benchmark = selectors.visible_benchmark(request, slug)
        content = sealing_sheet.as_file(benchmark_sheet.sheet_of(benchmark))
        return negotiation.answer_once(
            request,
            etag=f'"{hashlib.sha256(content).hexdigest()}"',
            make=lambda: HttpResponse(content, content_type=negotiation.JSON),
            vary=VARY,
        )


class DrawFile(PublicView):
    """The seed of a draw whose shards are all disclosed, and the report on it. Of no other."""

    def get(self, request: Request, slug: str, batch: uuid.UUID) -> HttpResponseBase:
        file = get_object_or_404(
            DisclosedDraw,
            draw=batch,
            draw__benchmark=selectors.visible_benchmark(request, slug),
        )
        return negotiation.answer_once(
            request,
            etag=f'"{file.sha256}"',
            make=lambda: HttpResponse(
                content_files.load(file_key=file.file_key), content_type=negotiation.JSON
            ),
            vary=VARY,
        )
