"""Label files and predictions of the year, by the seed: what is true, and what teams believe."""

from dataclasses import dataclass, field

import numpy as np

CLASSES = ("dry", "wet")


@dataclass(kw_only=True)
class Truth:
    """Every item's label; a team's file is right about an item with the team's skill."""

    rng: np.random.Generator
    labels: dict[str, int] = field(default_factory=dict)

    def label_file(self, *, prefix: str, n: int, group_size: int | None = None) -> str:
        """Draw n new items; with a group size, so many of them after each other are of one group."""
        drawn = {f"{prefix}-{i:05d}": int(v) for i, v in enumerate(self.rng.integers(2, size=n))}
        self.labels |= drawn
        rows = [f"{item},{CLASSES[label]}" for item, label in drawn.items()]
        if group_size is None:
            return "\n".join(["id,label", *rows, ""])
        grouped = [f"{row},{prefix}-group-{i // group_size}" for i, row in enumerate(rows)]
        return "\n".join(["id,label,group", *grouped, ""])

    def predictions(self, *, ids: list[str], skill: float) -> str:
        right = self.rng.random(len(ids)) < skill
        labels = [CLASSES[self.labels[item] ^ (not ok)] for item, ok in zip(ids, right, strict=True)]
        return "\n".join(["id,label", *map(",".join, zip(ids, labels, strict=True)), ""])
