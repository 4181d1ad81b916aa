"""Boards of teams that did not adapt, in the ways in which boards differ, and of teams that chose by luck."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stats.dose_response import dose_response

Floats = NDArray[np.float64]

N_PUBLIC, N_PRIVATE = 1_000, 2_000
N_FAMILIES = 8


@dataclass(frozen=True, kw_only=True)
class Simulated:
    public: Floats
    private: Floats
    entries: Floats

    def once(self) -> "Simulated":
        """One of each group of copies, that with the most entries."""
        order = np.argsort(-self.entries, kind="stable")
        pairs = np.column_stack([self.public, self.private])[order]
        kept = order[np.unique(pairs, axis=0, return_index=True)[1]]
        return Simulated(
            public=self.public[kept], private=self.private[kept], entries=self.entries[kept]
        )


def share_inflated(*, code: str, n_teams: int, n_boards: int, seed: int) -> float:
    """How often INFLATED is said of boards of this kind."""
    rng = np.random.default_rng([seed, n_teams, *code.encode()])
    sizes = (N_PUBLIC, N_PRIVATE) if "sizes" in code else (None, None)
    n_inflated = 0
    for _ in range(n_boards):
        made = board(code, rng, n_teams)
        found = dose_response(
            public=made.public,
            private=made.private,
            entries=made.entries,
            n_public=sizes[0],
            n_private=sizes[1],
        )
        n_inflated += found.verdict == "INFLATED"
    return n_inflated / n_boards


def board(code: str, rng: np.random.Generator, n_teams: int) -> Simulated:
    z = rng.standard_normal(n_teams)
    middle, spread = (0.96, 0.02) if code == "ceiling" else (0.75, 0.05)
    skill = np.clip(middle + spread * z, 0.05, 0.999)
    entries = diligence(code, rng, z)
    if code == "families":
        return families(rng, skill, entries)
    later = skill
    if code.startswith("scale"):
        later = middle + 0.9 * (skill - middle)
    if code == "curved":
        later = skill - 0.2 * spread * np.maximum(z, 0) ** 2
    public = rng.binomial(N_PUBLIC, skill) / N_PUBLIC
    private = rng.binomial(N_PRIVATE, later) / N_PRIVATE
    if code.startswith("copies"):
        n_copies = n_teams // 5
        public[:n_copies], private[:n_copies] = public[0], private[0]
        entries[:n_copies] = rng.integers(1, 5, n_copies)
    if code.startswith("picks"):
        own = np.sqrt(skill * (1 - skill) / N_PUBLIC) * (1.0 if code == "picks_unlike" else 0.5)
        public = public + own * [rng.standard_normal(int(k)).max() for k in entries]
    if code == "coarse":
        public, private = public.round(2), private.round(2)
    made = Simulated(public=public, private=private, entries=entries)
    return made.once() if code == "copies_once" else made


def diligence(code: str, rng: np.random.Generator, z: Floats) -> Floats:
    """Entries, in the median 8; better teams have more of them, unless the kind says otherwise."""
    chance = rng.standard_normal(len(z))
    logs = 0.7 * z + 0.71 * chance
    if code == "idle":
        logs = chance
    if code == "curved":
        logs = 1.2 * np.maximum(z, 0) + 0.7 * chance
    return np.asarray(np.maximum(1, np.floor(8 * np.exp(logs))))


def families(rng: np.random.Generator, skill: Floats, entries: Floats) -> Simulated:
    """Half of a team's luck is its family's, and so is some of its diligence."""
    family = rng.integers(0, N_FAMILIES, len(skill))
    entries = np.maximum(
        1, np.floor(entries * np.exp(0.7 * rng.standard_normal(N_FAMILIES)[family]))
    )
    halves = []
    for n in (N_PUBLIC, N_PRIVATE):
        shared = rng.standard_normal(N_FAMILIES)[family]
        luck = np.sqrt(0.5) * (shared + rng.standard_normal(len(skill)))
        halves.append(np.round(skill + luck * np.sqrt(skill * (1 - skill) / n), 4))
    return Simulated(public=halves[0], private=halves[1], entries=entries)
