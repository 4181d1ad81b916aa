"""Audits in the admin: one file per concept."""

from audits.admin import reports, rounds, runs

__all__ = ["reports", "rounds", "runs"]
