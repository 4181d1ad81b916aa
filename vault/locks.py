"""Locks that order what row locks cannot, and that need no privilege.

Most are held until the transaction ends; `of_session` until its block ends, or the database's session.

A round's status may change only while nobody is handing in to it, and the other way round. An advisory
lock serves, because the web role may not lock a round's row, which it has no right to update.
"""

import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

from django.db import DatabaseError, connection

# First halves of two-part advisory lock keys: all of the installation's stand here, so that no two are one.
_ROUND = 4801
_REFERENCE = 4802
_TOKENS = 4803
_WEBHOOKS = 4804
_DISPATCHER = 4805
_AUDIT = 4806
_FILE = 4811
_REFERENCES = 4812
_DISCLOSURE = 4813
_SIGNING = 4814
_HEADS = 4815
_LABELS = 4816
_CORRECTION = 4817
_RESCORING = 4818
# Of the database's own check that a batch is corrected but a few times.
_CORRECTIONS = 4819
_BATCHES = 4824
_AWAITED = 4825
_BATCH = 4841
_ROTATION = 4842
_MERGES = 4844


def hold_round_open(*, round_id: int) -> None:
    """Keep the round's status as it is while something is handed in; many may at once."""
    _ask("pg_advisory_xact_lock_shared", (_ROUND, round_id))


def hold_round(*, round_id: int) -> None:
    """Have the round alone, to change its status."""
    _ask("pg_advisory_xact_lock", (_ROUND, round_id))


def hold_reference_team(*, team_id: int) -> None:
    """Order a reference team's submissions: it has no account whose row could be locked."""
    _ask("pg_advisory_xact_lock", (_REFERENCE, team_id))


def hold_references(*, holdout_id: uuid.UUID) -> None:
    """Order what all references hand in about a query holdout, so that their number is exact.

    The database's own check takes the same lock. Two holdouts may share one: then they only wait.
    """
    _ask("pg_advisory_xact_lock", (_REFERENCES, _half(holdout_id)))


def hold_labels_as_they_are(*, holdout_id: uuid.UUID) -> None:
    """Keep a holdout's labels from getting another version while a score of them is released; many may."""
    _ask("pg_advisory_xact_lock_shared", (_LABELS, _half(holdout_id)))


def hold_labels(*, holdout_id: uuid.UUID) -> None:
    """Have a holdout's labels alone, to add a version."""
    _ask("pg_advisory_xact_lock", (_LABELS, _half(holdout_id)))


def hold_team_tokens(*, team_id: int) -> None:
    """Order the making of a team's tokens, so that their number is exact."""
    _ask("pg_advisory_xact_lock", (_TOKENS, team_id))


def hold_team_webhooks(*, team_id: int) -> None:
    """Order the making of a team's webhooks and tests, so that their number is exact."""
    _ask("pg_advisory_xact_lock", (_WEBHOOKS, team_id))


def hold_file(*, sha256: str) -> None:
    """Have a stored file alone, to refer to it anew or to remove it.

    Two files may share a lock: then they only wait for each other.
    """
    _ask("pg_advisory_xact_lock", (_FILE, int.from_bytes(bytes.fromhex(sha256[:8]), signed=True)))


def hold_merges() -> None:
    """Order the merging of teams: who was absorbed by whom is asked before a row is added."""
    _ask("pg_advisory_xact_lock", (_MERGES, 0))


def hold_signing_keys() -> None:
    """Order those who register signing keys, so that generations are counted without a gap."""
    _ask("pg_advisory_xact_lock", (_SIGNING, 0))


def hold_heads(*, benchmark_id: int) -> None:
    """Have the signing of a journal's heads alone, so that each occasion is signed once."""
    _ask("pg_advisory_xact_lock", (_HEADS, benchmark_id))


def hold_batches(*, holdout_id: uuid.UUID) -> None:
    """Order the batches of labels that come for a holdout. Two may share a lock: then they only wait."""
    _ask("pg_advisory_xact_lock", (_BATCHES, _half(holdout_id)))


def one_awaited(*, holdout_id: uuid.UUID) -> AbstractContextManager[bool]:
    """Let one process at a time open a prospective holdout's batches, and score on its labels."""
    return of_session(key=(_AWAITED, _half(holdout_id)))


def one_audit(*, round_id: int) -> AbstractContextManager[bool]:
    """Let one process at a time audit a round, or publish it."""
    return of_session(key=(_AUDIT, round_id))


def one_disclosure(*, holdout_id: uuid.UUID) -> AbstractContextManager[bool]:
    """Let one process at a time disclose a holdout. Two may share a lock: then one is done later."""
    return of_session(key=(_DISCLOSURE, _half(holdout_id)))


def one_batch(*, batch: uuid.UUID) -> AbstractContextManager[bool]:
    """Let one process at a time look into a batch's envelope, or disclose its draw. Two may share a lock."""
    return of_session(key=(_BATCH, _half(batch)))


def one_rotation(*, purpose: str) -> AbstractContextManager[bool]:
    """Let one process at a time wrap the keys of a purpose anew."""
    return of_session(key=(_ROTATION, len(purpose)))


def one_correction(*, batch: uuid.UUID) -> AbstractContextManager[bool]:
    """Let one process at a time correct the labels of a batch."""
    return of_session(key=(_CORRECTION, _half(batch)))


def one_rescoring(*, round_id: int) -> AbstractContextManager[bool]:
    """Let one process at a time score all of a round again."""
    return of_session(key=(_RESCORING, round_id))


def one_dispatcher() -> AbstractContextManager[bool]:
    """Let one process at a time tell webhooks."""
    return of_session(key=(_DISPATCHER, 0))


def _half(name: uuid.UUID) -> int:
    """Make the second half of a key of a UUID's end. Two may share one: then they only wait."""
    return int.from_bytes(name.bytes[-4:], signed=True)


@contextmanager
def of_session(*, key: tuple[int] | tuple[int, int]) -> Iterator[bool]:
    """Tell whether a lock (64 bits, or 2 x 32) was free; it is held until the block or the process ends."""
    is_held = _ask("pg_try_advisory_lock", key)
    try:
        yield is_held
    finally:
        # A lost session has lost its locks, too.
        with suppress(DatabaseError):
            if is_held:
                _ask("pg_advisory_unlock", key)


def _ask(function: str, key: tuple[int, ...]) -> bool:
    with connection.cursor() as cursor:
        # The function's name is one of this file's; what comes from outside is a parameter.
        cursor.execute(f"SELECT {function}({', '.join(['%s'] * len(key))})", key)
        return bool(cursor.fetchone()[0])
