"""All that the embedded service needs before it starts; run by the owner.

One process for all steps: each alone would spend its time on importing Django.
"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Make tables, rights, keys and the organizer's account; to run it again is harmless."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--keys", required=True, type=Path, metavar="DIRECTORY")
        parser.add_argument("--organizer", required=True, metavar="USERNAME")
        parser.add_argument("--password-file", required=True, type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", verbosity=0)
        call_command("grant_roles", verbosity=0)
        for purpose in ("scoring", "audit"):
            key = options["keys"] / f"{purpose}.key"
            call_command("create_sealing_key", purpose=purpose, private_key_file=key, verbosity=0)
        signing = options["keys"] / "signing.key"
        call_command("create_signing_key", private_key_file=signing, verbosity=0)
        call_command(
            "create_organizer",
            username=options["organizer"],
            password_file=options["password_file"],
            # The first person makes the accounts of the others.
            superuser=True,
            verbosity=0,
        )
