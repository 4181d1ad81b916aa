import io
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from vault.models import JournalEntry
from vault.people.groups import may_act

pytestmark = pytest.mark.django_db

PASSWORD = "a long enough password"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text(PASSWORD + "\n")
    return path


def run(file: Path, *more: str, username: str = "ada") -> str:
    written = io.StringIO()
    call_command(
        *("create_organizer", "--username", username, "--password-file", str(file), *more),
        stdout=written,
    )
    return written.getvalue()


def test_the_account_may_enter_and_act(file: Path) -> None:
    assert run(file) == "ada: account made\n"

    user = User.objects.get()
    assert user.is_staff
    assert user.check_password(PASSWORD)
    assert may_act(user)
    assert not user.is_superuser
    assert user.has_perm("vault.add_round")
    assert not user.has_perm("auth.add_user")


def test_a_second_run_changes_nothing(file: Path) -> None:
    run(file)
    before = User.objects.values().get()

    assert run(file) == "ada: account updated\n"

    assert User.objects.values().get() == before


def test_a_new_password_replaces_the_old_one_and_opens_a_shut_account(file: Path) -> None:
    run(file)
    User.objects.update(is_active=False)
    file.write_text("another long password")

    run(file)

    user = User.objects.get()
    assert user.is_active
    assert user.check_password("another long password")
    assert not user.check_password(PASSWORD)


def test_a_superuser_is_asked_for_and_stays_one(file: Path) -> None:
    run(file, "--superuser")
    run(file)

    assert User.objects.get().has_perm("auth.add_user")


@pytest.mark.parametrize(
    ("written", "reason"), [("", "empty"), (" \n", "empty"), ("short", "too short")]
)
def test_a_bad_password_leaves_no_account(file: Path, written: str, reason: str) -> None:
    file.write_text(written)

    with pytest.raises(CommandError, match=reason):
        run(file)

    assert not User.objects.exists()


def test_a_missing_file_and_a_bad_name_are_told(file: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        run(tmp_path / "nowhere")
    with pytest.raises(CommandError, match="valid username"):
        run(file, username="a name with spaces")

    assert not User.objects.exists()


def test_the_longest_username_fits_into_the_journal() -> None:
    """Whoever may log in may act, and acts are journaled by name."""
    longest = User._meta.get_field("username").max_length

    assert JournalEntry._meta.get_field("actor").max_length == longest


def test_the_first_person_of_an_installation_makes_the_others(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or nobody could make an account in the admin."""
    called: dict[str, Any] = {}
    monkeypatch.setattr(
        "config.management.commands.prepare_service.call_command",
        lambda name, **given: called.update({name: given}),
    )

    call_command("prepare_service", keys=file.parent, organizer="ada", password_file=file)

    assert called["create_organizer"]["superuser"] is True
