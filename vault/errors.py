"""The domain's errors. Each has a stable `code` and `data`; none knows of HTTP."""

from typing import Any


class VaultError(Exception):
    code = "vault_error"

    def __init__(self, message: str, **data: Any) -> None:
        super().__init__(message)
        self.message = message
        self.data = data

    def __init_subclass__(cls, *, code: str) -> None:
        cls.code = code


class CorrectedMeanwhileError(VaultError, code="corrected_meanwhile"):
    """The labels that a score was computed on are not those that count any more."""


class InvalidFileError(VaultError, code="invalid_file"):
    """The file breaks a rule; `problems` name rows and columns."""

    def listed(self) -> str:
        """Write the message, and a line for each problem that is named."""
        lines = [self.message]
        for problem in self.data["problems"]:
            row = problem["row"] and f"row {problem['row']}"
            where = ", ".join(filter(None, [row, problem["column"]]))
            lines.append(f"  {where}: {problem['problem']}" if where else f"  {problem['problem']}")
        return "\n".join(lines)


class PackedBodyError(VaultError, code="packed_body"):
    """A body is not what its Content-Encoding says."""


class UnpackedSizeError(VaultError, code="unpacked_size"):
    """A body unpacks to more than a file may have."""


class ParserBusyError(VaultError, code="parser_busy"):
    """Too many files are being parsed."""


class NotAdmittedError(VaultError, code="not_admitted"):
    """The team may not submit to this round."""


class NoOpenRoundError(VaultError, code="no_open_round"):
    """Nothing to submit to, with `opens_at` where one is planned."""


class RoundClosedError(VaultError, code="round_closed"):
    """The round takes no more submissions."""


class ValidationScoreNeededError(VaultError, code="validation_score_needed"):
    """The round's mechanism compares with the team's own validation score."""


class TooManyReferencesError(VaultError, code="too_many_references"):
    """References have handed in as many files to a round as they may."""


class BudgetError(VaultError, code="budget_exhausted"):
    """The account has no query for this now."""


class WindowExhaustedError(BudgetError, code="budget_window_exhausted"):
    """The rolling window is full."""


class TotalExhaustedError(BudgetError, code="budget_total_exhausted"):
    """The round's total is used up."""


class ConcurrencyError(BudgetError, code="budget_concurrent_exhausted"):
    """Too many submissions are pending."""


class CancelThrottledError(BudgetError, code="cancel_throttled"):
    """The account has cancelled as many as it may for now."""


class TokenRefusedError(VaultError, code="token_refused"):
    """A token cannot give what it has not, or has ended before it begins."""


class TokenLinkError(VaultError, code="token_link_refused"):
    """A one-time link shows no token any more."""


class UnknownTokenLinkError(VaultError, code="not_found"):
    """There is no such link."""


class RosterError(VaultError, code="roster_refused"):
    """A list of teams is refused; `problems` names rows."""


class TooManyTokensError(VaultError, code="too_many_tokens"):
    """The team has as many tokens as it may."""


class WebhooksDisabledError(VaultError, code="webhooks_disabled"):
    """This installation sends no webhooks."""


class TooManyWebhooksError(VaultError, code="too_many_webhooks"):
    """The team has as many webhooks as it may."""


class BenchmarkError(VaultError, code="benchmark_refused"):
    """What a benchmark is made of does not fit together."""


class AdmissionError(VaultError, code="admission_refused"):
    """An admission is refused."""


class PlanError(VaultError, code="round_refused"):
    """The round cannot be planned like this; `field` says where."""


class UnrankingError(VaultError, code="unranking_refused"):
    """A team cannot be unranked, or ranked again, like this; `field` says where."""


class MergeError(VaultError, code="merge_refused"):
    """Two teams cannot be merged like this; `field` says where."""


class ActError(VaultError, code="act_refused"):
    """An organizer's act on a round is refused as given; `field` says where."""


class PersonError(VaultError, code="person_refused"):
    """An account of the admin cannot be made or changed like this."""


class TransitionError(VaultError, code="wrong_status"):
    """The thing is not in a status that allows this."""


class SealingError(VaultError, code="sealing_refused"):
    """Labels cannot be sealed as given."""


class SigningKeyError(VaultError, code="signing_key_unavailable"):
    """This process may not, or cannot, sign, or a signing key cannot be registered."""


class LabelsUnavailableError(VaultError, code="labels_unavailable"):
    """This process may not, or cannot, open these labels."""


class StorageFullError(VaultError, code="storage_full"):
    """There is no room for a file."""


class EnvelopeError(VaultError, code="invalid_envelope"):
    """A batch of awaited labels cannot be opened by anybody as it is; `field` names the member."""


class LabelsNotAwaitedError(VaultError, code="labels_not_awaited"):
    """The holdout takes no labels now: its finals are not locked, or it is complete."""


class StoredFileError(VaultError, code="stored_file"):
    """A stored file is not what its name says."""


class TimeLimitError(VaultError, code="time_limit"):
    """A piece of work took longer than it may."""


class StaleClaimError(VaultError, code="stale_claim"):
    """Another worker has taken over: this one's result is worth nothing."""


class IncumbentMovedError(VaultError, code="incumbent_moved"):
    """The incumbent changed since it was compared with: compare again."""


class JournalError(VaultError, code="journal_broken"):
    """The chain does not verify."""
