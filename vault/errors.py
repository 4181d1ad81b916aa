"""The domain's errors. Each has a stable `code` and `data`; none knows of HTTP.

VaultError
  InvalidFileError          the file breaks a rule; `problems` name rows and columns
  PackedBodyError           a body is not what its Content-Encoding says
  UnpackedSizeError         a body unpacks to more than a file may have
  ParserBusyError           too many files are being parsed
  NotAdmittedError          the team may not submit to this round
  NoOpenRoundError          nothing to submit to, with `opens_at` where one is planned
  RoundClosedError          the round takes no more submissions
  ValidationScoreNeededError  the round's mechanism compares with the team's own validation score
  TooManyReferencesError    references have handed in as many files to a round as they may
  BudgetError
    WindowExhaustedError    the rolling window is full
    TotalExhaustedError     the round's total is used up
    ConcurrencyError        too many submissions are pending
    CancelThrottledError    the account has cancelled as many as it may for now
  TokenRefusedError         a token cannot give what it has not, or has ended before it begins
  TokenLinkError            a one-time link shows no token any more
  UnknownTokenLinkError     there is no such link
  RosterError               a list of teams is refused; `problems` names rows
  TooManyTokensError        the team has as many tokens as it may
  WebhooksDisabledError     this installation sends no webhooks
  TooManyWebhooksError      the team has as many webhooks as it may
  BenchmarkError            what a benchmark is made of does not fit together
  AdmissionError            an admission is refused
  PlanError                 the round cannot be planned like this; `field` says where
  UnrankingError            a team cannot be unranked, or ranked again, like this; `field` says where
  PersonError               an account of the admin cannot be made or changed like this
  TransitionError           the thing is not in a status that allows this
  SealingError              labels cannot be sealed as given
  LabelsUnavailableError    this process may not, or cannot, open these labels
  StorageFullError          there is no room for a file
  StoredFileError           a stored file is not what its name says
  TimeLimitError            a piece of work took longer than it may
  StaleClaimError           another worker has taken over: this one's result is worth nothing
  IncumbentMovedError       the incumbent changed since it was compared with: compare again
  JournalError              the chain does not verify
"""

from typing import Any


class VaultError(Exception):
    code = "vault_error"

    def __init__(self, message: str, **data: Any) -> None:
        super().__init__(message)
        self.message = message
        self.data = data


class InvalidFileError(VaultError):
    code = "invalid_file"

    def listed(self) -> str:
        """Write the message, and a line for each problem that is named."""
        lines = [self.message]
        for problem in self.data["problems"]:
            row = problem["row"] and f"row {problem['row']}"
            where = ", ".join(filter(None, [row, problem["column"]]))
            lines.append(f"  {where}: {problem['problem']}" if where else f"  {problem['problem']}")
        return "\n".join(lines)


class PackedBodyError(VaultError):
    code = "packed_body"


class UnpackedSizeError(VaultError):
    code = "unpacked_size"


class ParserBusyError(VaultError):
    code = "parser_busy"


class NotAdmittedError(VaultError):
    code = "not_admitted"


class NoOpenRoundError(VaultError):
    code = "no_open_round"


class RoundClosedError(VaultError):
    code = "round_closed"


class ValidationScoreNeededError(VaultError):
    code = "validation_score_needed"


class TooManyReferencesError(VaultError):
    code = "too_many_references"


class BudgetError(VaultError):
    code = "budget_exhausted"


class WindowExhaustedError(BudgetError):
    code = "budget_window_exhausted"


class TotalExhaustedError(BudgetError):
    code = "budget_total_exhausted"


class ConcurrencyError(BudgetError):
    code = "budget_concurrent_exhausted"


class CancelThrottledError(BudgetError):
    code = "cancel_throttled"


class TokenRefusedError(VaultError):
    code = "token_refused"


class TokenLinkError(VaultError):
    code = "token_link_refused"


class UnknownTokenLinkError(VaultError):
    code = "not_found"


class RosterError(VaultError):
    code = "roster_refused"


class TooManyTokensError(VaultError):
    code = "too_many_tokens"


class WebhooksDisabledError(VaultError):
    code = "webhooks_disabled"


class TooManyWebhooksError(VaultError):
    code = "too_many_webhooks"


class BenchmarkError(VaultError):
    code = "benchmark_refused"


class AdmissionError(VaultError):
    code = "admission_refused"


class PlanError(VaultError):
    code = "round_refused"


class UnrankingError(VaultError):
    code = "unranking_refused"


class PersonError(VaultError):
    code = "person_refused"


class TransitionError(VaultError):
    code = "wrong_status"


class SealingError(VaultError):
    code = "sealing_refused"


class LabelsUnavailableError(VaultError):
    code = "labels_unavailable"


class StorageFullError(VaultError):
    code = "storage_full"


class StoredFileError(VaultError):
    code = "stored_file"


class TimeLimitError(VaultError):
    code = "time_limit"


class StaleClaimError(VaultError):
    code = "stale_claim"


class IncumbentMovedError(VaultError):
    code = "incumbent_moved"


class JournalError(VaultError):
    code = "journal_broken"
