"""Signed heads of journals in the description."""

from vault.api import selectors
from vault.api.openapi import parameters, schemas
from vault.api.openapi.operation import Access, Operation, answer, page, shown
from vault.api.representations.heads import SIGNED_HEAD, SIGNING_KEY
from vault.api.representations.shape import described

TAG = "Journal"

SHAPES = described(listed=(SIGNED_HEAD, SIGNING_KEY))
_HEADERS = ("ETag",)
_ASKED = (
    parameters.in_query(
        "number",
        schemas.integer(minimum=1, maximum=selectors.MAX_NUMBER),
        "The head of exactly this number; without it the latest.",
    ),
    parameters.IF_NONE_MATCH,
)
_ANSWERS = {
    200: shown(SIGNED_HEAD, "The head.", headers=_HEADERS),
    304: answer("Nothing has changed.", headers=_HEADERS),
}

OPERATIONS = {
    ("/api/v1/benchmarks/{slug}/journal/head/", "GET"): Operation(
        id="get_signed_head",
        summary="The journal's signed head",
        description="The latest, to be kept: it is signed after each round's close and publication, else "
        "at most once a day. The journal itself is not public. Whoever has kept a head can show later "
        "that the journal was cut or rewritten before it; `holdout verify-head` keeps and compares them. "
        "404 while none is signed.",
        access=Access.PUBLIC,
        parameters=(parameters.SLUG, *_ASKED),
        answers=_ANSWERS,
    ),
    ("/api/v1/journal/head/", "GET"): Operation(
        id="get_signed_head_of_installation",
        summary="The installation's signed head",
        description="Of the chain that tells of people, teams and tokens, and of no benchmark: its "
        "`benchmark` is `@installation`. It is signed when a benchmark's was, else at most once a day. 404 "
        "while none is signed.",
        access=Access.PUBLIC,
        parameters=_ASKED,
        answers=_ANSWERS,
        problems=("not_found",),
    ),
    ("/api/v1/benchmarks/{slug}/journal/heads/", "GET"): Operation(
        id="list_signed_heads",
        summary="List signed heads",
        description="All of a benchmark's, by number.",
        access=Access.PUBLIC,
        parameters=(parameters.SLUG, *parameters.PAGE),
        answers={200: page(SIGNED_HEAD)},
    ),
    ("/api/v1/signing-keys/", "GET"): Operation(
        id="list_signing_keys",
        summary="List signing keys",
        description="The public keys of all heads, by generation. A key that comes from the service itself "
        "proves only that the service agrees with itself: keep it where the service cannot change it, and "
        "compare it with what the organizers announce elsewhere.",
        access=Access.PUBLIC,
        parameters=parameters.PAGE,
        answers={200: page(SIGNING_KEY)},
    ),
}
