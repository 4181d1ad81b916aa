"""Results in the description: the team's budget and the board."""

from vault.api import negotiation, results
from vault.api.openapi import parameters
from vault.api.openapi.operation import Access, Operation, answer, shown
from vault.api.representations.boards import BOARD, ROW
from vault.api.representations.budgets import BUDGET
from vault.api.representations.shape import described

TAG = "Results"

SHAPES = described(BUDGET, ROW, BOARD)
_CELLS = ["" if value in (None, []) else str(value) for value in ROW.example.values()]
_CSV = f"{','.join(ROW.example)}\n{','.join(_CELLS)}\n"
OPERATIONS = {
    ("/api/v1/benchmarks/{slug}/budget/", "GET"): Operation(
        id="get_budget",
        summary="What the team has left",
        description="First a sentence for people, then the figures behind it: queries of the window, of the "
        "round and at once; accepted improvements and nats. A team has its budget from its admission on, "
        "also while the round is planned.",
        access=Access.READ,
        parameters=(parameters.SLUG, parameters.BUDGET_ROUND),
        answers={
            200: shown(BUDGET, "The team's account.", headers=("RateLimit", "RateLimit-Policy"))
        },
        problems=("not_admitted",),
    ),
    ("/api/v1/benchmarks/{slug}/leaderboard/", "GET"): Operation(
        id="get_leaderboard",
        summary="The board",
        description="Released answers, never a raw score; a published round ranks by the fresh figures of "
        "its finals. The CSV has the same columns; text in it that begins as a formula would (`=`, `+`, `-`, "
        "`@`) has an apostrophe before it.",
        access=Access.PUBLIC,
        parameters=(parameters.SLUG, parameters.ROUND, parameters.form(results.BOARD_FORMS)),
        answers={
            200: answer(
                "The board.",
                {
                    negotiation.JSON: {"schema": BOARD.reference(), "example": BOARD.example},
                    negotiation.CSV: {"schema": {"type": "string"}, "example": _CSV},
                },
            )
        },
    ),
}
