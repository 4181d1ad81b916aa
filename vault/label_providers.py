"""Those who deliver awaited labels: their tokens, and what the web process takes from them.

A provider's token belongs to one benchmark and does one thing. It is no team's: submissions do not know it,
and it has no budget. What comes is kept as ciphertext that this process cannot open.
"""

import datetime as dt
import secrets

from django.db import transaction
from django.db.models import Max, Q

from vault import journal, locks
from vault.errors import EnvelopeError, LabelsNotAwaitedError, TransitionError
from vault.models import (
    BatchEnvelope,
    Benchmark,
    Holdout,
    LabelBatch,
    LabelProvider,
    LabelVersion,
    SealingKey,
)
from vault.sealing import awaited, batch_format
from vault.sealing.batch_format import Envelope
from vault.statuses import HoldoutStatus
from vault.teams import tokens

PREFIX = "hvl_"
SHOWN = len(PREFIX) + 6
SCOPE = "labels:write"
# Of one holdout; a provider that sends a label at a time would fill the table.
MAX_BATCHES = 1_000


@transaction.atomic
def add(
    *,
    benchmark: Benchmark,
    name: str,
    expires_at: dt.datetime | None,
    actor: str,
    now: dt.datetime,
) -> tuple[LabelProvider, str]:
    """Make a provider; give its row and the text of its token, which cannot be had again."""
    Benchmark.objects.select_for_update(no_key=True).get(pk=benchmark.pk)
    if not name.strip() or not name.isprintable():
        raise TransitionError("a label provider needs a name in printable text")
    if LabelProvider.objects.filter(benchmark=benchmark, name=name).exists():
        raise TransitionError(f"there is a label provider {name!r} of {benchmark.slug} already")
    if expires_at is not None and expires_at <= now:
        raise TransitionError("a token ends in the future")
    plain = PREFIX + secrets.token_urlsafe(32)
    provider = LabelProvider.objects.create(
        benchmark=benchmark,
        name=name,
        prefix=plain[:SHOWN],
        digest=tokens.digest(plain),
        made_by=actor,
        created_at=now,
        expires_at=expires_at,
    )
    journal.append(
        benchmark_id=benchmark.pk,
        kind="label_provider_added",
        actor=actor,
        payload={"name": name, "prefix": provider.prefix},
        now=now,
    )
    return provider, plain


@transaction.atomic
def revoke(*, provider: LabelProvider, actor: str, now: dt.datetime) -> None:
    """End a provider's token; what it has delivered stays."""
    live = LabelProvider.objects.filter(pk=provider.pk, revoked_at=None)
    if not live.update(revoked_at=now):
        raise TransitionError("the token is revoked already")
    journal.append(
        benchmark_id=provider.benchmark_id,
        kind="label_provider_revoked",
        actor=actor,
        payload={"name": provider.name, "prefix": provider.prefix},
        now=now,
    )


def authenticate(*, plain: str, now: dt.datetime) -> LabelProvider | None:
    """Find whose token it is; None if unknown, revoked or expired."""
    if not plain.startswith(PREFIX):
        return None
    lasting = Q(expires_at=None) | Q(expires_at__gt=now)
    found = LabelProvider.objects.filter(lasting, digest=tokens.digest(plain), revoked_at=None)
    return found.select_related("benchmark").first()


def n_labelled(*, holdout: Holdout) -> int:
    """Count the items of a prospective holdout that have a label."""
    newest = LabelVersion.objects.filter(holdout=holdout).order_by("-number").first()
    return 0 if newest is None else newest.n_labelled


def receive(
    *,
    provider: LabelProvider,
    holdout: Holdout,
    body: bytes,
    idempotency_key: str,
    now: dt.datetime,
) -> tuple[LabelBatch, bool]:
    """Take a batch in; False beside one that was taken in before. Nothing of it is opened.

    A ciphertext that comes again is the same batch, in whatever spelling and by whomever it is sent: else
    an older batch that is replayed would take back the labels that came since.
    """
    envelope = _checked(batch_format.read(body), holdout)
    sha256 = envelope.ciphertext_sha256
    with transaction.atomic():
        locks.hold_batches(holdout_id=holdout.pk)
        batches = LabelBatch.objects.filter(holdout=holdout)
        earlier = batches.filter(sha256=sha256).first()
        if earlier is not None:
            return earlier, False
        _check_awaited(holdout)
        last = batches.aggregate(last=Max("sequence", default=0))["last"]
        if last >= MAX_BATCHES:
            raise LabelsNotAwaitedError(
                f"a holdout takes at most {MAX_BATCHES:,} batches, and this one has had them"
            )
        batch = LabelBatch.objects.create(
            holdout=holdout,
            provider=provider,
            sequence=last + 1,
            received_at=now,
            sha256=sha256,
            idempotency_key=idempotency_key,
        )
        BatchEnvelope.objects.create(
            batch=batch,
            kid=envelope.kid,
            wrapped_key=envelope.wrapped_key,
            ciphertext=envelope.ciphertext,
        )
        journal.append(
            benchmark_id=holdout.benchmark_id,
            kind="batch_received",
            actor=f"provider {provider.name}",
            payload={"holdout": str(holdout.pk), "batch": str(batch.pk), "sha256": sha256},
            now=now,
        )
    return batch, True


class OtherBatchError(Exception):
    """A key stands for another batch."""


def check_same(*, batch: LabelBatch, holdout: Holdout, body: bytes) -> None:
    """Refuse a key under which something else came before."""
    try:
        envelope = batch_format.read(body)
    except EnvelopeError:
        raise OtherBatchError from None
    if batch.holdout_id != holdout.pk or batch.sha256 != envelope.ciphertext_sha256:
        raise OtherBatchError


def known_by(*, provider: LabelProvider, idempotency_key: str) -> LabelBatch | None:
    """Find the batch that came under this key."""
    if not idempotency_key:
        return None
    return LabelBatch.objects.filter(provider=provider, idempotency_key=idempotency_key).first()


def _checked(envelope: Envelope, holdout: Holdout) -> Envelope:
    """Refuse what the audit worker could not open, or that is meant for another holdout."""
    if envelope.benchmark != holdout.benchmark.slug:
        raise EnvelopeError("it is sealed for another benchmark", field="benchmark")
    if envelope.holdout != str(holdout.pk):
        raise EnvelopeError("it is sealed for another holdout", field="holdout")
    key = audit_key()
    if key is None or envelope.kid != key.kid:
        raise EnvelopeError(
            "it is sealed for another key than the one that opens batches now", field="kid"
        )
    return envelope


def audit_key() -> SealingKey | None:
    return SealingKey.objects.filter(purpose=SealingKey.Purpose.AUDIT, is_active=True).first()


def _check_awaited(holdout: Holdout) -> None:
    current = Holdout.objects.get(pk=holdout.pk)
    if current.status != HoldoutStatus.FRESH:
        raise LabelsNotAwaitedError(f"the holdout is {current.status} and takes no labels")
    if awaited.locked_at(round=awaited.round_of(holdout=current)) is None:
        raise LabelsNotAwaitedError(
            "labels are taken once the finals that they measure are locked: when the round with this "
            "holdout has closed"
        )
