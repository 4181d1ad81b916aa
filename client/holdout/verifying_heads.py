"""The command that holds a service to what it signed."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from holdout import heads
from holdout.client import Client
from holdout.errors import HeadError, RefusedError, SettingsError
from holdout.heads import KeptHeads, PublicKey
from holdout.records import SignedHead
from holdout.session import BenchmarkName, Settings, failing

ONLY_CONSISTENT = (
    "The key came from the service itself, so this proves only that its answers agree with each other. "
    "Keep the key, compare it with what the organizers announce elsewhere, and give it as --public-key."
)
NOT_FOUND = 404
NOTHING_KEPT = "Without --keep nothing is compared with what was signed earlier."


def verify_head(
    context: typer.Context,
    benchmark: BenchmarkName,
    public_key: Annotated[
        Path | None, typer.Option(help="The service's keys as you have kept them (PEM).")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(help="Compare with the heads in this file, and add this one.")
    ] = None,
) -> None:
    """Verify a journal's signed head, and kept ones.

    As benchmark, @installation is the chain of people, teams and tokens.
    """
    settings: Settings = context.obj
    with failing(settings.show), settings.client(needs_token=False) as client:
        heads.check_can_verify()
        # Both files before the service is asked: what is wrong with them is not its fault.
        own = None if public_key is None else _own_keys(public_key)
        kept = None if keep is None else heads.kept_heads(keep)
        head = client.signed_head(benchmark)
        if head.benchmark != benchmark:
            raise HeadError(f"the head is of the benchmark {head.benchmark}, not of {benchmark}")
        whose = "one that the service shows" if public_key is None else f"in {public_key}"
        keys = _served_keys(client) if own is None else own
        heads.verify(head, keys, whose=whose)
        before = None if kept is None else _compared(client, kept, head, keys, whose)
        is_new = kept is not None and kept.add(head)
        if settings.show.as_json:
            by = "served_key" if own is None else "kept_key"
            settings.show.document({**asdict(head), "verified_with": by, "is_new": is_new})
            return
        settings.show.facts(
            {
                "benchmark": head.benchmark,
                "number": head.number,
                "hash": head.hash,
                "signed at": head.signed_at,
                "key": head.key,
            }
        )
        settings.show.say(f"The signature verifies with the key {head.key[:12]}.")
        if own is None:
            settings.show.say(ONLY_CONSISTENT)
        if before is not None and before.key != head.key:
            settings.show.say(f"The last kept head was signed by another key, {before.key[:12]}.")
        if kept is None:
            settings.show.say(NOTHING_KEPT)
        else:
            told = "added to" if is_new else "already in"
            settings.show.say(f"It contradicts no kept head, and is {told} {keep}.")


def _own_keys(path: Path) -> list[PublicKey]:
    keys = heads.public_keys(path.read_text(errors="replace"))
    if not keys:
        raise SettingsError(f"{path} holds no public key")
    return keys


def _served_keys(client: Client) -> list[PublicKey]:
    keys = []
    for each in client.signing_keys():
        try:
            found = heads.public_keys(each["public_key"])
        except SettingsError:
            found = []
        if [key.id for key in found] != [each["id"]]:
            raise HeadError(f"the service shows a key that is not {each['id'][:12]}")
        keys += found
    return keys


def _compared(
    client: Client, kept: KeptHeads, head: SignedHead, keys: list[PublicKey], whose: str
) -> SignedHead | None:
    """The last kept head, which the service must still answer as it did."""
    for each in kept.of(head.benchmark):
        try:
            # A line that somebody changed must not accuse the service.
            heads.verify(each, keys, whose=whose)
        except HeadError as error:
            raise HeadError(f"{kept.path}: {error}") from None
    kept.check(head)
    last = next(reversed(kept.of(head.benchmark)), None)
    if last is None or last.number == head.number:
        return last
    try:
        again = client.signed_head(head.benchmark, number=last.number)
    except RefusedError as error:
        if error.status != NOT_FOUND:
            raise
        raise HeadError(
            f"the service no longer knows head {last.number}, signed {last.signed_at}, which is kept in "
            f"{kept.path}",
            evidence=[asdict(last), asdict(head)],
        ) from None
    if again.number != last.number or again.benchmark != last.benchmark:
        raise HeadError(f"the service answers another head than {last.number}, which was asked for")
    heads.verify(again, keys, whose=whose)
    kept.check_same(again, last)
    return last
