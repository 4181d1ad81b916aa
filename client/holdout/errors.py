"""What can go wrong. No error holds a token.

HoldoutError
  SettingsError            no token, or an address that a token must not be sent to
  NetworkError             the service could not be reached for as long as was allowed
  WaitTimeoutError         the score did not come in time; the submission still waits
  ProblemError             the service refused, with a problem document (RFC 9457)
    InvalidFileError       the file breaks a rule; `problems` name rows and columns
    BudgetExhaustedError   no query is left, or none before `next_slot_at`
    RefusedError           any other refusal: a bad token, a closed round, a wrong status
    ServiceError           the service failed
"""

from typing import Any

import httpx

INVALID_FILE = "invalid_file"
TOTAL_EXHAUSTED = "budget_total_exhausted"
BUDGET = "budget_"


class HoldoutError(Exception):
    # Stable, for machines; a `ProblemError` has the service's own.
    code = "usage"


class SettingsError(HoldoutError):
    pass


class NetworkError(HoldoutError):
    code = "unreachable"


class WaitTimeoutError(HoldoutError):
    code = "timeout"


class ProblemError(HoldoutError):
    def __init__(self, *, status: int, code: str, detail: str, data: dict[str, Any]) -> None:
        super().__init__(f"{detail} ({code})")
        self.status = status
        self.code = code
        self.detail = detail
        self.data = data


class InvalidFileError(ProblemError):
    @property
    def problems(self) -> list[dict[str, Any]]:
        return list(self.data.get("problems", []))


class BudgetExhaustedError(ProblemError):
    @property
    def next_slot_at(self) -> str | None:
        found = self.data.get("next_slot_at")
        return None if found is None else str(found)


class RefusedError(ProblemError):
    pass


class ServiceError(ProblemError):
    pass


def problem_of(response: httpx.Response) -> ProblemError:
    """The error that an answer is; one without a problem document, too (a proxy's, say)."""
    try:
        read = response.json()
    except ValueError:
        read = {}
    document = read if isinstance(read, dict) else {}
    code = str(document.get("code", f"http_{response.status_code}"))
    detail = str(document.get("detail", response.reason_phrase or "no explanation"))
    kind: type[ProblemError] = RefusedError
    if code == INVALID_FILE:
        kind = InvalidFileError
    elif code.startswith(BUDGET):
        kind = BudgetExhaustedError
    elif response.status_code >= 500 or response.status_code < 400:
        kind = ServiceError
    return kind(status=response.status_code, code=code, detail=detail, data=document)
