"""The client of Holdout Vault: hand in predictions, wait for the score, read the budget and the board."""

from holdout.client import Client
from holdout.errors import (
    AnswerError,
    BudgetExhaustedError,
    DisclosureError,
    HeadError,
    HoldoutError,
    InvalidFileError,
    NetworkError,
    ProblemError,
    RefusedError,
    ServiceError,
    SettingsError,
    WaitTimeoutError,
)
from holdout.records import Benchmark, Provenance, Round, SignedHead, Submission, Verdict

__all__ = [
    "AnswerError",
    "Benchmark",
    "BudgetExhaustedError",
    "Client",
    "DisclosureError",
    "HeadError",
    "HoldoutError",
    "InvalidFileError",
    "NetworkError",
    "ProblemError",
    "Provenance",
    "RefusedError",
    "Round",
    "ServiceError",
    "SettingsError",
    "SignedHead",
    "Submission",
    "Verdict",
    "WaitTimeoutError",
]
