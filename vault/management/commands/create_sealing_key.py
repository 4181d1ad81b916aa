"""Make a worker's key pair: the private half into a file, the public half into the database."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from vault.errors import VaultError
from vault.sealing import sealing_keys


class Command(BaseCommand):
    help = (
        "Register the key in a file as the active sealing key of a purpose. The file is made, "
        "readable by its owner alone, if it does not exist. Run by the database's owner."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--purpose", required=True, choices=sealing_keys.PURPOSES)
        parser.add_argument("--private-key-file", required=True, type=Path, metavar="FILE")
        parser.add_argument(
            "--new-generation",
            action="store_true",
            help="put a new key before those in the file; then `rotate_keys` (docs/keys.md)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            make = sealing_keys.renew if options["new_generation"] else sealing_keys.create
            key = make(purpose=options["purpose"], private_key_file=options["private_key_file"])
        except (VaultError, OSError) as error:
            raise CommandError(str(error)) from None
        if options["verbosity"] > 0:
            self.stdout.write(f"{key.purpose} key {key.kid} is active")
