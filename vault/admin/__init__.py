"""The admin of the vault: one file per concept. Rounds are registered by `audits.admin`."""

from vault.admin import benchmarks, budgets, holdouts, journal, submissions, teams, users

__all__ = ["benchmarks", "budgets", "holdouts", "journal", "submissions", "teams", "users"]
