"""Wrap what is sealed for older keys of a purpose for its newest, by the worker that holds the older ones."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from vault.errors import VaultError
from vault.sealing import rotation, sealing_keys


class Command(BaseCommand):
    help = (
        "Wrap data keys for the newest key of a purpose, so that older private keys can be taken away "
        "(docs/keys.md). To run it again changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--purpose", required=True, choices=sealing_keys.PURPOSES)
        parser.add_argument(
            "--private-key-file",
            action="append",
            default=[],
            type=Path,
            metavar="FILE",
            dest="files",
            help="a file with private keys of the purpose, once per file; else the worker's own",
        )
        parser.add_argument(
            "--deep",
            action="store_true",
            help="encrypt the labels again, too: for when somebody else has had an old key",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = rotation.rotate(
                purpose=options["purpose"],
                deep=options["deep"],
                files=options["files"],
                actor="rotate_keys",
                clock=timezone.now,
            )
        except (VaultError, OSError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(
            f"{done.n} envelopes are wrapped anew for {options['purpose']} key {done.to.kid}, "
            f"generation {done.to.generation}"
        )
        for each in done.unopened:
            self.stdout.write(
                f"{each}: its key never opened, and stays as it came; its envelope is not verified"
            )
        left = list(done.undone)
        if done.missing:
            left.append(
                f"some are still sealed for keys that this process does not hold: {', '.join(done.missing)}"
            )
        if left:
            raise CommandError("\n".join(left))
        self.stdout.write("nothing is sealed for an older key: its private half can be taken away")
