"""The one form of a set of predictions: equal content gives equal bytes, whatever file it came in.

A line of JSON with `dtype` and `shape`, then the raw little-endian values in C order, in panel order:
class codes for labels, float64 for probabilities (n,) or (n, classes) and for values.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from vault.errors import VaultError

DTYPES = ("|u1", "<u2", "<u4", "<f8")
_MAX_HEADER = 200


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """Validated predictions for a whole panel, in canonical form."""

    canonical: bytes

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.canonical).hexdigest()


def code_dtype(n_classes: int) -> np.dtype[np.unsignedinteger]:
    """Choose the smallest unsigned type that holds every class code."""
    return np.min_scalar_type(max(n_classes - 1, 0)).newbyteorder("<")


def encode(values: NDArray[np.generic]) -> Predictions:
    """Write the canonical bytes of codes or float64 values. Negative zero becomes zero: they are equal."""
    if values.dtype.kind == "f":
        values = values.astype("<f8") + 0.0
    values = np.ascontiguousarray(values)
    header = json.dumps(
        {"dtype": values.dtype.str, "shape": list(values.shape)}, separators=(",", ":")
    )
    return Predictions(canonical=header.encode() + b"\n" + values.tobytes())


def decode(canonical: bytes) -> NDArray[np.generic]:
    """Read canonical bytes as a read-only array."""
    end = canonical.find(b"\n", 0, _MAX_HEADER)
    try:
        header = json.loads(canonical[: max(end, 0)])
        if header["dtype"] not in DTYPES:
            raise ValueError
        flat = np.frombuffer(canonical, dtype=header["dtype"], offset=end + 1)
        return flat.reshape([int(n) for n in header["shape"]])
    except (ValueError, KeyError, TypeError):
        raise VaultError("these bytes are not canonical predictions") from None
