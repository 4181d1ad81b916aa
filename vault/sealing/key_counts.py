"""How much is sealed for each key: all that `rotate_keys` wraps anew once a newer one seals."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet

from vault import sentences
from vault.models import BatchEnvelope, Benchmark, DrawKey, SealedCorrection, WrappedKey


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """What is sealed for one key: data keys of labels and draws, and what was brought to the audit worker."""

    labels: int = 0
    draws: int = 0
    corrections: int = 0
    batches: int = 0

    @property
    def total(self) -> int:
        """Count all of it, as a rotation would."""
        return self.labels + self.draws + self.corrections + self.batches

    @property
    def line(self) -> str:
        """Say what there is, in one line."""
        nouns = (
            (self.labels, "label version"),
            (self.draws, "draw"),
            (self.corrections, "correction"),
        )
        found = [sentences.counted(n=n, noun=noun) for n, noun in nouns if n]
        if self.batches:
            found.append(f"{self.batches:,} batch{'es'[: 2 * (self.batches > 1)]} of late labels")
        return ", ".join(found) or "nothing"


def sealed_for(*, kids: Iterable[str], benchmark: Benchmark | None = None) -> dict[str, Sealed]:
    """Count for each of the keys what of a benchmark, or of all of them, is sealed for it."""
    of = {
        "labels": ("version__holdout__benchmark", "sealing_key", WrappedKey.objects.all()),
        "draws": ("draw__benchmark", "sealing_key", DrawKey.objects.all()),
        "corrections": ("request__benchmark", "sealing_key", SealedCorrection.objects.all()),
        "batches": ("batch__holdout__benchmark", "kid", BatchEnvelope.objects.all()),
    }
    counts = {
        what: _counts(rows if benchmark is None else rows.filter(**{path: benchmark}), key)
        for what, (path, key, rows) in of.items()
    }
    return {
        kid: Sealed(**{what: found.get(kid, 0) for what, found in counts.items()}) for kid in kids
    }


def _counts(rows: QuerySet[Any], key: str) -> dict[str, int]:
    return dict(rows.order_by().values_list(key).annotate(n=Count("pk")))
