"""Make the key that signs journal heads: the private half into a file, the public half into the database."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from vault import signing_keys
from vault.errors import VaultError


class Command(BaseCommand):
    help = (
        "Register the key in a file as the newest that signs journal heads. The file is made, readable "
        "by its owner alone, if it does not exist. Run by the database's owner."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--private-key-file", required=True, type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            key = signing_keys.create(
                private_key_file=options["private_key_file"], now=timezone.now()
            )
        except (VaultError, OSError) as error:
            raise CommandError(str(error)) from None
        if options["verbosity"] > 0:
            self.stdout.write(f"signing key {key.kid} is generation {key.generation}")
            self.stdout.write(key.public_key, ending="")
