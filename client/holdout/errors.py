"""What can go wrong. No error holds a token.

HoldoutError
  SettingsError            no token, or an address that a token must not be sent to
  NetworkError             the service could not be reached for as long as was allowed
  AnswerError              what answered is not the service: a proxy's page, or another program
  DisclosureError          a disclosed file that cannot be one, or that belongs to no holdout that is known
  WaitTimeoutError         the score did not come in time; the submission still waits
  HeadError                a signed head does not verify, or contradicts one that was kept
  InterruptedWorkError     the command was interrupted from the keyboard
  ProblemError             the service refused, with a problem document (RFC 9457)
    InvalidFileError       the file breaks a rule; `problems` name rows and columns
    BudgetExhaustedError   no query is left, or none before `next_slot_at`
    RefusedError           any other refusal: a bad token, a closed round, a wrong status
    ServiceError           the service failed
"""

from collections.abc import Sequence
from typing import Any

INVALID_FILE = "invalid_file"
BUDGET = "budget_"


class HoldoutError(Exception):
    # Stable, for machines; a `ProblemError` has the service's own.
    code = "usage"


class SettingsError(HoldoutError):
    pass


class NetworkError(HoldoutError):
    """`passes` is false for what no repetition mends: a proxy that refuses, a certificate not trusted."""

    code = "unreachable"

    def __init__(self, text: str, *, passes: bool = True) -> None:
        super().__init__(text)
        self.passes = passes


class AnswerError(HoldoutError):
    code = "malformed_answer"


class DisclosureError(HoldoutError):
    code = "not_verified"

    def __init__(self, text: str) -> None:
        super().__init__(f"NOT verified: {text}")


class WaitTimeoutError(HoldoutError):
    code = "timeout"


class HeadError(HoldoutError):
    """`evidence` are two heads that contradict each other, both signed: others can verify them."""

    code = "head_not_verified"

    def __init__(self, text: str, *, evidence: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(text)
        self.evidence = list(evidence)


class InterruptedWorkError(HoldoutError):
    code = "interrupted"


class ProblemError(HoldoutError):
    """`retry_after` is how many seconds the service asks to wait before the same is asked again."""

    def __init__(
        self,
        *,
        status: int,
        code: str,
        detail: str,
        data: dict[str, Any],
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{detail} ({code})")
        self.status = status
        self.code = code
        self.detail = detail
        self.data = data
        self.retry_after = retry_after


class InvalidFileError(ProblemError):
    @property
    def problems(self) -> list[dict[str, Any]]:
        found = self.data.get("problems")
        listed = found if isinstance(found, list) else []
        return [each for each in listed if isinstance(each, dict)]


class BudgetExhaustedError(ProblemError):
    @property
    def next_slot_at(self) -> str | None:
        """When the next query is free; None: not before the round closes."""
        found = self.data.get("next_slot_at")
        return None if found is None else str(found)


class RefusedError(ProblemError):
    pass


class ServiceError(ProblemError):
    pass
