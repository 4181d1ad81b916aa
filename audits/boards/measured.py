"""How often INFLATED is said of simulated boards: what the verdict is worth, and where it is worth nothing.

A calibration test simulates these figures again. Public half 1,000 items, private half 2,000, accuracies
around .75 with a spread of .05 between teams unless the line says otherwise; 1,000 boards of each size.
"""

from dataclasses import dataclass

N_BOARDS = 1_000
SEED = 26
SIZES = (100, 300)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One kind of board, and the share called INFLATED at 100 and at 300 teams."""

    code: str
    text: str
    # Of boards on which nobody adapted: where it keeps its level, and where it does not.
    kind: str
    shares: tuple[float, float]


SETTINGS = (
    Setting(code="idle", kind="holds", text="entries say nothing of skill", shares=(0.012, 0.008)),
    Setting(code="keen", kind="holds", text="better teams enter more often", shares=(0.0, 0.001)),
    Setting(
        code="sizes",
        kind="holds",
        text="better teams enter more often, numbers of items given",
        shares=(0.001, 0.003),
    ),
    Setting(
        code="ceiling",
        kind="holds",
        text="better teams enter more often, accuracies around .96",
        shares=(0.001, 0.0),
    ),
    Setting(
        code="coarse",
        kind="holds",
        text="better teams enter more often, scores of two decimals",
        shares=(0.0, 0.001),
    ),
    Setting(
        code="scale",
        kind="holds",
        text="and differences between teams are .9 as large on the private half",
        shares=(0.005, 0.003),
    ),
    Setting(
        code="scale_sizes",
        kind="holds",
        text="and the same, numbers of items given",
        shares=(0.018, 0.024),
    ),
    Setting(
        code="curved",
        kind="fails",
        text="only the better half enters more often, and its private scores flatten (a curved scale)",
        shares=(0.059, 0.173),
    ),
    Setting(
        code="copies",
        kind="fails",
        text="a fifth of the teams hand in one public file and enter seldom",
        shares=(0.098, 0.213),
    ),
    Setting(
        code="copies_once",
        kind="holds",
        text="these boards, copies counted once",
        shares=(0.001, 0.001),
    ),
    Setting(
        code="families",
        kind="fails",
        text="eight families of like files, each with its own luck and diligence",
        shares=(0.047, 0.128),
    ),
    Setting(
        code="picks",
        kind="finds",
        text="each team shows the luckiest of its files on the public half, which are half alike",
        shares=(0.095, 0.298),
    ),
    Setting(
        code="picks_unlike",
        kind="finds",
        text="the same, of files that are not at all alike",
        shares=(0.371, 0.864),
    ),
)


def worst(*, kind: str) -> float:
    """Return the largest share among the settings of a kind."""
    return max(max(each.shares) for each in SETTINGS if each.kind == kind)
