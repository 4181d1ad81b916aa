"""Draws and public keys in the description."""

from vault.api.openapi import parameters
from vault.api.openapi.operation import Access, Operation, answer, shown
from vault.api.representations.draws import DISCLOSED_DRAW, DRAW, DRAW_FILE, SEALING_KEYS
from vault.api.representations.shape import described

TAG = "Draws"

SHAPES = described(DRAW, DISCLOSED_DRAW, DRAW_FILE, SEALING_KEYS)

OPERATIONS = {
    ("/api/v1/benchmarks/{slug}/sealing-keys/", "GET"): Operation(
        id="get_sealing_keys",
        summary="Public keys for sealing labels",
        description="The file that `run.py seal` needs where the labels live: the public keys of the "
        "workers, the benchmark's classes, and the panel behind which a batch is appended.",
        access=Access.PUBLIC,
        parameters=(parameters.SLUG, parameters.IF_NONE_MATCH),
        answers={
            200: shown(SEALING_KEYS, "The file.", headers=("ETag",)),
            304: answer("Nothing has changed.", headers=("ETag",)),
        },
    ),
    ("/api/v1/benchmarks/{slug}/draws/{batch}/", "GET"): Operation(
        id="get_disclosed_draw",
        summary="The seed of a draw, and the report on it",
        description="SHA-256 of the seed is what was published when the draw was sealed; with the labels of "
        "all its holdouts anybody can make the draw again. 404 before the last of them is disclosed. The "
        "file never changes.",
        access=Access.PUBLIC,
        parameters=(parameters.SLUG, parameters.BATCH, parameters.IF_NONE_MATCH),
        answers={
            200: shown(DRAW_FILE, "The file.", headers=("ETag",)),
            304: answer("Nothing has changed.", headers=("ETag",)),
        },
    ),
}
