"""The command that checks the seed of a draw against its hash, and the draw against the disclosed shards."""

from pathlib import Path
from typing import Annotated

import typer

from holdout import disclosures, draws
from holdout.disclosures import Disclosed
from holdout.draws import Draw
from holdout.errors import DisclosureError, SettingsError
from holdout.exit_codes import ExitCode
from holdout.records import PublicHoldout
from holdout.session import Settings, failing


def verify_draw(
    context: typer.Context,
    batch: Annotated[str, typer.Argument(help="The batch of the draw, as its holdouts name it.")],
    seed_sha256: Annotated[
        str | None, typer.Option(help="The hash of the seed as you kept it: 64 hexadecimal digits.")
    ] = None,
    draw_file: Annotated[
        Path | None, typer.Option(help="The published draw as you have it.", dir_okay=False)
    ] = None,
    benchmark: Annotated[
        str, typer.Option("--benchmark", "-b", envvar="HOLDOUT_BENCHMARK", help="Its short name.")
    ] = "",
) -> None:
    """Make a draw again and compare it with its shards.

    By its published seed. Each shard is checked against its commitment first. Exit 0: the shards are those
    that the seed gives, and the seed is the one that was committed to. Exit 10: they are not.
    """
    settings: Settings = context.obj
    with failing(settings.show):
        if not benchmark:
            raise SettingsError("name the benchmark with --benchmark")
        kept = None if seed_sha256 is None else disclosures.commitment(seed_sha256)
        content = None if draw_file is None else draw_file.read_bytes()
        draw, shards, published, is_corrected = _fetched(settings, benchmark, batch, content)
        facts: dict[str, object] = {"draw": draw.batch, "SHA-256 of its seed": draw.seed_sha256}
        for whose, each in (("the service", published), ("your kept copy", kept)):
            if each is not None:
                word = "the same" if each == draw.seed_sha256 else "DIFFERENT"
                facts[f"by {whose}"] = f"{each} ({word})"
        is_seed = all(each == draw.seed_sha256 for each in (published, kept) if each is not None)
        is_draw = draws.is_repeated(draw, shards)
        # A class that was drawn from separately is that of the labels as they were sealed.
        is_lost = draw.stratified and is_corrected
        _show(settings, facts, draw, is_seed=is_seed, is_draw=is_draw, is_lost=is_lost)
        if not (is_seed and is_draw):
            raise typer.Exit(ExitCode.NOT_VERIFIED)


def _fetched(
    settings: Settings, slug: str, batch: str, content: bytes | None
) -> tuple[Draw, list[Disclosed], str, bool]:
    """The draw, its shards in order, the published hash of its seed, and whether labels were corrected."""
    with settings.client(needs_token=False) as client:
        shown = client.with_holdouts(slug)
        known = {each["batch"].lower(): each for each in shown.get("draws", [])}
        if batch.lower() not in known:
            raise DisclosureError(f"the service has no draw {batch} in the benchmark {slug}")
        public = known[batch.lower()]
        found = draws.parsed(client.draw(slug, batch) if content is None else content)
        if (found.batch, found.holdouts) != (public["batch"], public["holdouts"]):
            raise DisclosureError("it is the file of another draw")
        holdouts = {each["id"]: each for each in shown["holdouts"]}
        shards = [
            _shard(disclosures.parsed(client.disclosed(slug, name)), name, holdouts.get(name))
            for name in found.holdouts
        ]
    is_corrected = any(disclosures.version_of(each, holdouts[each.holdout]) for each in shards)
    return found, shards, public["seed_sha256"], is_corrected


def _shard(shard: Disclosed, name: str, public: PublicHoldout | None) -> Disclosed:
    """Hold a shard against its commitment: of corrected labels that of their version."""
    corrected = None if public is None else disclosures.version_of(shard, public)
    whole = corrected or public
    if shard.holdout != name or whole is None or shard.computed != whole["commitment"]:
        raise DisclosureError(f"the labels of {name} are not those that were committed to")
    return shard


def _show(
    settings: Settings,
    facts: dict[str, object],
    draw: Draw,
    *,
    is_seed: bool,
    is_draw: bool,
    is_lost: bool,
) -> None:
    show = settings.show
    if show.as_json:
        show.document(
            {
                "batch": draw.batch,
                "seed_sha256": draw.seed_sha256,
                "is_seed": is_seed,
                "is_draw": is_draw,
                "is_verified": is_seed and is_draw,
            }
        )
        return
    show.facts(facts)
    if is_seed and is_draw:
        show.say("Verified: the seed is the one that was committed to, and it gives these shards.")
        return
    what = "the seed is not the one that was committed to" if not is_seed else ""
    then = "the seed does not give these shards" if not is_draw else ""
    if then and is_lost:
        then += (
            " (by the classes of the corrected labels: each class was drawn from separately, by the labels "
            "as they were sealed, which nobody published)"
        )
    show.say(f"NOT verified: {' and '.join(filter(None, (what, then)))}.")
