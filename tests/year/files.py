"""Label files and predictions of the year, by the seed: what is true, and what teams believe."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

CLASSES = ("dry", "wet")
GROUP_SIZES = (2, 3)


@dataclass(kw_only=True)
class Truth:
    """Every item's label; a team's file is right about an item with the team's skill."""

    rng: np.random.Generator
    labels: dict[str, int] = field(default_factory=dict)

    def label_file(self, *, prefix: str, n: int) -> str:
        """Draw n new items."""
        items = self.items(prefix=prefix, n=n)
        return _rows("id,label", (f"{item},{self.said(item)}" for item in items))

    def grouped_file(self, *, prefix: str, n: int) -> str:
        """Draw n new items, of which two or three after each other are of one group."""
        items = self.items(prefix=prefix, n=n)
        sizes = self.rng.choice(GROUP_SIZES, size=n)
        group_of = np.repeat(np.arange(n), sizes)[:n]
        named = zip(items, group_of, strict=True)
        return _rows(
            "id,label,group",
            (f"{item},{self.said(item)},{prefix}-group-{group}" for item, group in named),
        )

    def items(self, *, prefix: str, n: int) -> list[str]:
        drawn = {f"{prefix}-{i:05d}": int(v) for i, v in enumerate(self.rng.integers(2, size=n))}
        self.labels |= drawn
        return list(drawn)

    def said(self, item: str) -> str:
        return CLASSES[self.labels[item]]

    def turned(self, items: list[str]) -> str:
        """A file of labels that were wrong, as they are from now on."""
        for item in items:
            self.labels[item] ^= 1
        return _rows("id,label", (f"{item},{self.said(item)}" for item in items))

    def predictions(self, *, ids: list[str], skill: float) -> str:
        right = self.rng.random(len(ids)) < skill
        believed = (
            CLASSES[self.labels[item] ^ (not ok)] for item, ok in zip(ids, right, strict=True)
        )
        return _rows("id,label", map(",".join, zip(ids, believed, strict=True)))


def _rows(header: str, rows: Iterable[str]) -> str:
    return "\n".join([header, *rows, ""])
