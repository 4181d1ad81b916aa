"""The admin of the vault: one file per concept.

Rounds are registered by `audits.admin` and teams by `webhooks.admin`, which add their tables to these pages.
"""

from vault.admin import benchmarks, budgets, holdouts, journal, submissions, teams, users

__all__ = ["benchmarks", "budgets", "holdouts", "journal", "submissions", "teams", "users"]
