"""How a draw is asked for on a command line, by the command that seals and the one that reports."""

import argparse
import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vault.files.parsing import CONTENT_TYPES
from vault.holdout_kinds import HoldoutKind
from vault.sealing.drawn_units import Shard

REST = "rest"


def add_to(parser: argparse.ArgumentParser, *, is_required: bool = True) -> None:
    """Define the shards, their kind, and whether each class is drawn from separately."""
    parser.add_argument(
        "--shard",
        required=is_required,
        action="append",
        type=_shard,
        metavar="STATUS=N",
        help=f"query, fresh or sealed, and a number of items or {REST!r}; once per shard. "
        "With groups the number is a target, as they are drawn whole",
    )
    parser.add_argument(
        "--kind", default=HoldoutKind.IID.value, choices=[kind.value for kind in HoldoutKind]
    )
    parser.add_argument(
        "--trained-until",
        type=_day,
        metavar="YYYY-MM-DD",
        help="of a temporal holdout: the last day whose items teams may train on",
    )
    parser.add_argument(
        "--label-delay-days",
        type=int,
        metavar="N",
        help="of a temporal holdout: after how many days a label is known; its period begins so much later",
    )
    parser.add_argument(
        "--stratify",
        action="store_true",
        help="draw from each class separately, so that a rare one is in every shard",
    )


def shards_of(options: Mapping[str, Any]) -> list[Shard]:
    """Give the shards that were asked for."""
    said = {name: options[name] for name in ("kind", "trained_until", "label_delay_days")}
    return [Shard(status=status, n=n, **said) for status, n in options["shard"]]


def content_type_of(path: Path) -> str:
    """Say it by the name; of another name give the ending, which is then refused by that."""
    return CONTENT_TYPES.get(path.suffix.lower(), path.suffix)


def _shard(text: str) -> tuple[str, int | None]:
    """Read `fresh=6700` or `fresh=rest`."""
    status, _, size = text.partition("=")
    is_size = size == REST or (size.isascii() and size.isdigit())
    if status not in ("query", "fresh", "sealed") or not is_size:
        raise argparse.ArgumentTypeError(f"{text!r} is not like query=2400 or fresh={REST}")
    return status.upper(), None if size == REST else int(size)


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2026-03-01") from None
