"""Whether holdouts that came in an envelope may serve: asked wherever one is used. It opens nothing."""

import uuid
from collections.abc import Sequence

from vault.models import Holdout, SealedEnvelope


def not_usable(*, holdouts: Sequence[Holdout]) -> str:
    """Say why one of these holdouts serves nothing yet, or never will; empty if all may be used."""
    held = SealedEnvelope.objects.filter(draw_id__in={holdout.batch for holdout in holdouts})
    for each in held.exclude(status=SealedEnvelope.Status.VERIFIED):
        if each.status == SealedEnvelope.Status.REFUSED:
            return f"the audit worker refused its envelope: {each.problem}"
        return "the audit worker has not verified its envelope yet, which takes a minute or two"
    return ""


def is_unverified(*, batch: uuid.UUID) -> bool:
    """Tell whether a batch came in an envelope of which nobody has found that it opens."""
    held = SealedEnvelope.objects.filter(draw_id=batch)
    return held.exclude(status=SealedEnvelope.Status.VERIFIED).exists()
