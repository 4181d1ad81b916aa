"""The items of a made-up league, and models that answer them: right or wrong, more or less alike."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Right = NDArray[np.bool_]
Uniform = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Pool:
    """
    n query and m fresh items, query first.

    Parameters
    ----------
    n, m : int
    shift : float
        How much more of the fresh items every model gets right, as a share: a broken split.
    ease : array of shape (n+m,), uniform in (0, 1)
        What all models have in common: the same items are hard for all of them.
    """

    n: int
    m: int
    shift: float
    ease: Uniform

    def lineage(self, *, own: float, rng: np.random.Generator) -> Uniform:
        """Draw a family of models: as all others, but for a share `own` of the items."""
        return self.varied(self.ease, share=own, columns=None, rng=rng)

    def varied(
        self, base: Uniform, *, share: float, columns: int | None, rng: np.random.Generator
    ) -> Uniform:
        """Draw `base` anew at a share of the items, in one or several independent columns."""
        size = (self.n + self.m,) if columns is None else (self.n + self.m, columns)
        anew = rng.random(size, dtype=np.float32)
        changed = rng.random(size, dtype=np.float32) < share
        return np.where(changed, anew, base if columns is None else base[:, None])

    def right(self, latent: Uniform, *, skill: ArrayLike) -> Right:
        """Tell which items models of these latent values get right; `skill` is their query accuracy."""
        bound = np.broadcast_to(np.asarray(skill, dtype=np.float32), latent.shape).copy()
        bound[self.n :] += np.float32(self.shift)
        return latent < bound


def make_pool(*, n: int, m: int, rng: np.random.Generator, shift: float = 0.0) -> Pool:
    return Pool(n=n, m=m, shift=shift, ease=rng.random(n + m, dtype=np.float32))
