"""The command that checks what a vault committed to at sealing against the labels that it disclosed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from holdout import disclosures
from holdout.disclosures import Disclosed
from holdout.errors import DisclosureError, SettingsError
from holdout.exit_codes import ExitCode
from holdout.records import PublicHoldout
from holdout.session import Settings, failing
from holdout.shown import Show

SERVICE, KEPT, FILE = "the service", "your kept copy", "the file itself"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A commitment, whose it is, and whether the disclosed labels bring the same."""

    of: str
    commitment: str
    is_equal: bool


def verify_commitment(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(help="A disclosed file. Else --holdout fetches one.", dir_okay=False),
    ] = None,
    holdout: Annotated[
        str | None, typer.Option(help="The id of a holdout: fetch its file from the service.")
    ] = None,
    commitment: Annotated[
        str | None, typer.Option(help="The commitment as you kept it: 64 hexadecimal digits.")
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask no service: FILE against --commitment alone.")
    ] = False,
    benchmark: Annotated[
        str, typer.Option("--benchmark", "-b", envvar="HOLDOUT_BENCHMARK", help="Its short name.")
    ] = "",
) -> None:
    """Check disclosed labels against their commitment.

    That was published when they were sealed. Exit 0: the labels are those that were sealed. Exit 10: they
    are not, or the file is no such file.
    """
    settings: Settings = context.obj
    with failing(settings.show):
        _check_arguments(file, holdout, commitment, benchmark, offline=offline)
        kept = None if commitment is None else disclosures.commitment(commitment)
        content = None if file is None else file.read_bytes()
        if offline:
            assert content is not None  # checked above
            found, published = disclosures.parsed(content), None
        else:
            found, published = _with_service(settings, content, holdout, benchmark)
        compared = _compared(found, published=published, kept=kept)
        _show(settings.show, found, compared)
        if not all(each.is_equal for each in compared):
            raise typer.Exit(ExitCode.NOT_VERIFIED)


def _check_arguments(
    file: Path | None, holdout: str | None, kept: str | None, benchmark: str, *, offline: bool
) -> None:
    if (file is None) == (holdout is None):
        raise SettingsError("give a disclosed FILE, or --holdout ID to fetch one")
    if holdout is not None and not benchmark:
        raise SettingsError("--holdout needs --benchmark")
    if offline and (file is None or kept is None):
        raise SettingsError("--offline compares FILE with --commitment: give both")


def _with_service(
    settings: Settings, content: bytes | None, holdout: str | None, benchmark: str
) -> tuple[Disclosed, str]:
    """The labels, and what the service has published of that holdout since it was sealed."""
    with settings.client(needs_token=False) as client:
        if content is None:
            assert holdout is not None  # checked above
            found = disclosures.parsed(client.disclosed(benchmark, holdout))
            wanted = holdout.lower()
        else:
            found = disclosures.parsed(content)
            benchmark, wanted = benchmark or found.benchmark, found.holdout
        public = _public(client.holdouts(benchmark), wanted, benchmark)
    if found.holdout != wanted:
        raise DisclosureError(f"it is the file of another holdout, {found.holdout}")
    return found, public["commitment"]


def _public(listed: list[PublicHoldout], holdout: str, benchmark: str) -> PublicHoldout:
    for each in listed:
        if each["id"] == holdout:
            return each
    raise DisclosureError(f"the service has no holdout {holdout} in the benchmark {benchmark}")


def _compared(found: Disclosed, *, published: str | None, kept: str | None) -> list[Comparison]:
    """The file's own word is no evidence, but one that differs from its labels was changed."""
    known = ((SERVICE, published), (KEPT, kept), (FILE, found.commitment))
    return [
        Comparison(of=whose, commitment=each, is_equal=each == found.computed)
        for whose, each in known
        if each is not None
    ]


def _show(show: Show, found: Disclosed, compared: list[Comparison]) -> None:
    is_verified = all(each.is_equal for each in compared)
    if show.as_json:
        show.document(
            {
                "holdout": found.holdout,
                "benchmark": found.benchmark,
                "n_items": found.n_items,
                "computed": found.computed,
                "compared": [
                    {"of": each.of, "commitment": each.commitment, "is_equal": each.is_equal}
                    for each in compared
                ],
                "is_verified": is_verified,
            }
        )
        return
    facts: dict[str, object] = {
        "holdout": found.holdout,
        "computed from the labels": found.computed,
    }
    for each in compared:
        word = "the same" if each.is_equal else "DIFFERENT"
        facts[f"by {each.of}"] = f"{each.commitment} ({word})"
    show.facts(facts)
    if is_verified:
        show.say(
            "Verified: these are the labels that were committed to when the holdout was sealed."
        )
        return
    *others, last = (each.of for each in compared if not each.is_equal)
    wrong = f"{', '.join(others)} and {last}" if others else last
    show.say(
        f"NOT verified: these ids, labels and salt are not what the commitment by {wrong} was computed of. "
        "Something was changed: the file, or the labels since they were sealed."
    )
