"""Locks that order what row locks cannot: held until the transaction ends, and needing no privilege.

A round's status may change only while nobody is handing in to it, and the other way round. An advisory
lock serves, because the web role may not lock a round's row, which it has no right to update.
"""

from django.db import connection

# First halves of two-part advisory lock keys.
_ROUND = 4801
_REFERENCE = 4802
_TOKENS = 4803


def hold_round_open(*, round_id: int) -> None:
    """Shared: the round's status stays as it is while something is handed in."""
    _lock("pg_advisory_xact_lock_shared", _ROUND, round_id)


def hold_round(*, round_id: int) -> None:
    """Exclusive: for whoever changes the round's status."""
    _lock("pg_advisory_xact_lock", _ROUND, round_id)


def hold_reference_team(*, team_id: int) -> None:
    """Orders a reference team's submissions: it has no account whose row could be locked."""
    _lock("pg_advisory_xact_lock", _REFERENCE, team_id)


def hold_team_tokens(*, team_id: int) -> None:
    """Orders the making of a team's tokens, so that their number is exact."""
    _lock("pg_advisory_xact_lock", _TOKENS, team_id)


def _lock(function: str, kind: int, key: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s)", [kind, key])
