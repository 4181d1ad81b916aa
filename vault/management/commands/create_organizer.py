"""Make an organizer's account of the admin, or set its password anew."""

from pathlib import Path
from typing import Any

from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from vault.people.groups import ORGANIZER


class Command(BaseCommand):
    help = (
        "Make or update an account that may act in the admin, with the password in a file. "
        "Run by the database's owner; to run it again changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--username", required=True)
        parser.add_argument("--password-file", required=True, type=Path, metavar="FILE")
        parser.add_argument(
            "--superuser", action="store_true", help="may make accounts for other people as well"
        )

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["password_file"]
        try:
            password = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{path}: {error}") from None
        if not password:
            raise CommandError(f"{path} is empty")
        user, is_new = User.objects.get_or_create(username=options["username"])
        user.is_active = user.is_staff = True
        user.is_superuser = user.is_superuser or options["superuser"]
        try:
            # Setting the same one would end the person's sessions.
            if not user.check_password(password):
                validate_password(password, user)
                user.set_password(password)
            user.full_clean(exclude=["password"])
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        user.save()
        user.groups.add(Group.objects.get(name=ORGANIZER))
        if options["verbosity"] > 0:
            self.stdout.write(f"{user.username}: account {'made' if is_new else 'updated'}")
