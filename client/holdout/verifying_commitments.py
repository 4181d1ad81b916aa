"""The command that checks what a vault committed to at sealing against the labels that it disclosed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from holdout import disclosures
from holdout.disclosures import Disclosed
from holdout.errors import DisclosureError, SettingsError
from holdout.exit_codes import ExitCode
from holdout.records import PublicHoldout, WithHoldouts
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
        found = None if content is None else _of_benchmark(content, benchmark)
        published = None
        if not offline:
            found, published = _with_service(settings, found, holdout, benchmark)
        assert found is not None  # checked above
        compared = _compared(found, published=published, kept=kept)
        _show(settings.show, found, compared, is_claim=offline)
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


def _of_benchmark(content: bytes, benchmark: str) -> Disclosed:
    """What is in the file; of another benchmark than was asked about it is the wrong file."""
    found = disclosures.parsed(content)
    if benchmark and found.benchmark != benchmark:
        raise SettingsError(
            f"the file names the benchmark {found.benchmark!r}, and --benchmark or HOLDOUT_BENCHMARK "
            f"{benchmark!r}"
        )
    return found


def _with_service(
    settings: Settings, found: Disclosed | None, holdout: str | None, benchmark: str
) -> tuple[Disclosed, str]:
    """The labels, and what the service has published of that holdout since it was sealed."""
    with settings.client(needs_token=False) as client:
        if found is None:
            assert holdout is not None  # checked above
            found, wanted = disclosures.parsed(client.disclosed(benchmark, holdout)), holdout
        else:
            benchmark, wanted = found.benchmark, found.holdout
        shown = client.with_holdouts(benchmark)
    public = _public(shown["holdouts"], wanted, benchmark)
    if found.holdout.lower() != wanted.lower():
        raise DisclosureError(f"it is the file of another holdout, {found.holdout}")
    _check_claims(found, benchmark=benchmark, shown=shown, public=public)
    return found, _published(settings.show, found, public)


def _published(show: Show, found: Disclosed, public: PublicHoldout) -> str:
    """The commitment of the labels that the file says it has: of corrected ones it is another one."""
    version = disclosures.version_of(found, public)
    if version is None:
        return _there(public["commitment"])
    versions = public["label_versions"]
    why = "; ".join(f"{each['version']}: {each['reason']}" for each in versions if each["reason"])
    show.say(
        f"The labels were corrected since they were sealed ({why}). The file is compared with version "
        f"{version['version']} of {len(versions)}."
    )
    return _there(version["commitment"])


def _there(commitment: str | None) -> str:
    if commitment is None:
        raise DisclosureError("the service has no commitment to these labels yet")
    return commitment


def _public(listed: list[PublicHoldout], holdout: str, benchmark: str) -> PublicHoldout:
    for each in listed:
        if each["id"].lower() == holdout.lower():
            return each
    raise DisclosureError(f"the service has no holdout {holdout} in the benchmark {benchmark}")


def _check_claims(
    found: Disclosed, *, benchmark: str, shown: WithHoldouts, public: PublicHoldout
) -> None:
    """Hold what no commitment covers against what the service shows of it."""
    said = {
        "benchmark": (found.benchmark, shown.get("slug", benchmark)),
        "n_items": (found.n_items, public["n_items"]),
        "panel_version": (found.panel_version, public.get("panel_version", found.panel_version)),
    }
    for name, (claimed, known) in said.items():
        if claimed != known:
            raise DisclosureError(f"its {name} is {claimed!r}, and {known!r} by the service")
    # Of the panel itself only the latest version is shown; every version from the first on was one.
    latest = shown.get("panel")
    if found.panel_version < 1 or (latest and found.panel_version > latest["version"]):
        until = f"; the latest by the service is {latest['version']}" if latest else ""
        raise DisclosureError(f"its panel_version, {found.panel_version}, is none{until}")


def _compared(found: Disclosed, *, published: str | None, kept: str | None) -> list[Comparison]:
    """The file's own word is no evidence, but one that differs from its labels was changed."""
    known = ((SERVICE, published), (KEPT, kept), (FILE, found.commitment))
    return [
        Comparison(of=whose, commitment=each, is_equal=each == found.computed)
        for whose, each in known
        if each is not None
    ]


def _show(show: Show, found: Disclosed, compared: list[Comparison], *, is_claim: bool) -> None:
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
        claim = (
            f" That they are of the holdout {found.holdout} of the benchmark {found.benchmark} is the file's "
            "own claim: no service was asked."
        )
        show.say(
            "Verified: these are the labels that were committed to when the holdout was sealed."
            + (claim if is_claim else "")
        )
        return
    *others, last = (each.of for each in compared if not each.is_equal)
    wrong = f"{', '.join(others)} and {last}" if others else last
    show.say(
        f"NOT verified: these ids, labels and salt are not what the commitment by {wrong} was computed of. "
        "Something was changed: the file, or the labels since they were sealed."
    )
