from vault.models.benchmark import Benchmark
from vault.models.budget import Admission, BudgetEntry, HoldoutTold
from vault.models.holdout import Holdout, SealedBlob, SealingKey, WrappedKey
from vault.models.idempotency import IdempotentAnswer
from vault.models.journal import JournalEntry, JournalHead
from vault.models.panel import Panel
from vault.models.release import (
    MechanismState,
    PublishedResult,
    RawScore,
    Release,
    ReleaseInput,
    RoundReference,
)
from vault.models.round import Round, RoundSecret
from vault.models.sign_in import SignInFailures
from vault.models.submission import Final, Submission
from vault.models.team import Team, TeamToken
from vault.models.token_link import TokenLink
from vault.models.unranking import Unranking

__all__ = [
    "Admission",
    "Benchmark",
    "BudgetEntry",
    "Final",
    "Holdout",
    "HoldoutTold",
    "IdempotentAnswer",
    "JournalEntry",
    "JournalHead",
    "MechanismState",
    "Panel",
    "PublishedResult",
    "RawScore",
    "Release",
    "ReleaseInput",
    "Round",
    "RoundReference",
    "RoundSecret",
    "SealedBlob",
    "SealingKey",
    "SignInFailures",
    "Submission",
    "Team",
    "TeamToken",
    "TokenLink",
    "Unranking",
    "WrappedKey",
]
