"""A prediction file on its way: what it is, its hash, and its bytes piece by piece."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from holdout.records import Provenance

PARQUET = "application/vnd.apache.parquet"
CSV = "text/csv"
PIECE = 256 * 1024

Progress = Callable[[int], None]


@dataclass(frozen=True, kw_only=True)
class PredictionFile:
    path: Path
    size: int
    sha256: str
    content_type: str

    def pieces(self, progress: Progress | None = None) -> Iterator[bytes]:
        """Read the bytes; `progress` hears how many have been taken each time."""
        with self.path.open("rb") as stream:
            while piece := stream.read(PIECE):
                yield piece
                if progress is not None:
                    progress(len(piece))

    def headers(self) -> dict[str, str]:
        return {"Content-Type": self.content_type, "Content-Length": str(self.size)}


def opened(path: Path) -> PredictionFile:
    """Raises OSError if there is no such file."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while piece := stream.read(PIECE):
            digest.update(piece)
            size += len(piece)
    is_parquet = path.suffix.lower() in (".parquet", ".pq")
    return PredictionFile(
        path=path,
        size=size,
        sha256=digest.hexdigest(),
        content_type=PARQUET if is_parquet else CSV,
    )


def idempotency_key(
    *,
    file: PredictionFile,
    benchmark: str,
    round: int | None,
    provenance: Provenance,
    attempt: int = 1,
) -> str:
    """
    The same for the same work, so that a pipeline that starts again asks for the same thing.

    Another run's address and measurements make no other work; another validation score does, because the
    answer may depend on it.

    `attempt` grows when an earlier submission under the key was cancelled or has failed.
    """
    work = [provenance.commit, benchmark, round, file.sha256, file.content_type]
    named = json.dumps([*work, provenance.validation_score, attempt])
    return "holdout-" + hashlib.sha256(named.encode()).hexdigest()[:40]
