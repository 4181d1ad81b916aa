"""Audits in the admin: one file per concept."""

from audits.admin import account_links, reports, rounds, runs

__all__ = ["account_links", "reports", "rounds", "runs"]
