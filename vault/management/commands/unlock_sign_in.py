"""Let somebody into the admin whom wrong passwords keep out, be they that person's own or somebody else's."""

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from vault.people import sign_in


class Command(BaseCommand):
    help = (
        "Forget the failed sign-ins of an account of the admin, and make a pass for one browser, whose "
        "attempts count apart from everybody else's. The password is still needed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--username", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        username = options["username"]
        person = User.objects.filter(username=username).first()
        if person is None:
            known = ", ".join(User.objects.order_by("username").values_list("username", flat=True))
            raise CommandError(f"there is no account {username!r}; there are: {known or 'none'}")
        if not person.is_active:
            raise CommandError(f"{username} is deactivated: `create_organizer` opens it again")
        n = sign_in.forget(username=username)
        plain = sign_in.make_pass(username=username, now=timezone.now())
        minutes = int(sign_in.PASS_LASTS.total_seconds() / 60)
        self.stdout.write(
            f"{username}: {n} failed sign-ins are forgotten.\n"
            f"If others go on guessing, sign in within {minutes} minutes, once, at the admin's address "
            f"with\n    /admin/login/?pass={plain}"
        )
