"""What the exit code of `holdout` says."""

from enum import IntEnum

from holdout.errors import (
    AnswerError,
    BudgetExhaustedError,
    DisclosureError,
    HeadError,
    HoldoutError,
    InterruptedWorkError,
    InvalidFileError,
    NetworkError,
    RefusedError,
    ServiceError,
    SettingsError,
    WaitTimeoutError,
)


class ExitCode(IntEnum):
    OK = 0
    USAGE = 2
    INVALID_FILE = 3
    BUDGET_EXHAUSTED = 4
    BELOW_THRESHOLD = 5
    SERVICE_FAILURE = 6
    TIMEOUT = 7
    REFUSED = 8
    NOT_SCORED = 9
    NOT_VERIFIED = 10
    INTERRUPTED = 130


MEANINGS = {
    ExitCode.OK: "done; with --wait: scored",
    ExitCode.USAGE: "the command line is wrong, a file is missing, or there is no token",
    ExitCode.INVALID_FILE: "the file breaks a rule; nothing was charged",
    ExitCode.BUDGET_EXHAUSTED: "no query is left, or none before the timeout; nothing was charged",
    ExitCode.BELOW_THRESHOLD: "scored, but worse than --fail-below, not improved, or no value of its "
    "own was released",
    ExitCode.SERVICE_FAILURE: "the service failed or cannot be reached",
    ExitCode.TIMEOUT: "no score within --timeout; `holdout wait` goes on waiting",
    ExitCode.REFUSED: "refused: bad token, closed round, not admitted, wrong status",
    ExitCode.NOT_SCORED: "the submission has failed or was cancelled",
    ExitCode.NOT_VERIFIED: "disclosed labels are not those of the commitment; a signed head does not verify "
    "or contradicts one that was kept",
    ExitCode.INTERRUPTED: "interrupted from the keyboard; the same command takes it up again",
}

_OF_ERRORS: dict[type[HoldoutError], ExitCode] = {
    SettingsError: ExitCode.USAGE,
    NetworkError: ExitCode.SERVICE_FAILURE,
    AnswerError: ExitCode.SERVICE_FAILURE,
    DisclosureError: ExitCode.NOT_VERIFIED,
    WaitTimeoutError: ExitCode.TIMEOUT,
    HeadError: ExitCode.NOT_VERIFIED,
    InterruptedWorkError: ExitCode.INTERRUPTED,
    InvalidFileError: ExitCode.INVALID_FILE,
    BudgetExhaustedError: ExitCode.BUDGET_EXHAUSTED,
    RefusedError: ExitCode.REFUSED,
    ServiceError: ExitCode.SERVICE_FAILURE,
}


def exit_code(error: HoldoutError) -> ExitCode:
    return _OF_ERRORS[type(error)]
