"""The reason that an organizer gives for an act which everybody sees."""

from vault.errors import VaultError

MAX_LENGTH = 500


def checked(*, reason: str, error: type[VaultError]) -> str:
    """One line that can be shown wherever the act is; otherwise `error` is raised for the field."""
    line = " ".join(reason.split())
    if not line:
        raise error("give a reason: everybody reads it", field="reason")
    if len(line) > MAX_LENGTH:
        raise error(
            f"a reason has at most {MAX_LENGTH} characters, this has {len(line)}", field="reason"
        )
    if not line.isprintable():
        raise error("a reason has no control characters", field="reason")
    return line
