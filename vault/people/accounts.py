"""The accounts of people in the admin: roles, one-time links for passwords, and how one is shut.

No account is deleted: journal and histories know people by their user names. Nobody but the person ever knows
a password, so none is set here: a link is made, with which the person sets it.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from vault import journal
from vault.errors import PersonError
from vault.people.groups import ORGANIZER, RESEARCHER

ROLES = (ORGANIZER, RESEARCHER)


@dataclass(frozen=True, kw_only=True)
class PasswordLink:
    """The two parts of an address at which a person sets a password, once."""

    person: str
    token: str
    lasts: dt.timedelta


def check_username(*, username: str) -> None:
    """Refuse a new name that looks like one that the journal knows.

    Raises:
        PersonError: somebody has it, in whatever case.
    """
    other = User.objects.filter(username__iexact=username).first()
    if other is not None:
        raise PersonError(
            f"there is an account {other.username!r}: names are compared without regard to case",
            field="username",
        )


def role_of(*, person: User) -> str | None:
    """Give a person's role; who is in both groups is an organizer."""
    names = {group.name for group in person.groups.all()}
    return next((role for role in ROLES if role in names), None)


@transaction.atomic
def save(*, person: User, role: str | None, by: User, now: dt.datetime) -> None:
    """Write a new account, without a password, or what has changed of one; a role of None stays as it is."""
    if role is not None and role not in ROLES:
        raise ValueError(f"roles are {', '.join(ROLES)}")
    is_new = person.pk is None
    if is_new:
        check_username(username=person.username)
        person.set_unusable_password()
    if role is not None:
        person.is_staff = True
    person.save()
    if role is not None:
        person.groups.set(Group.objects.filter(name=role))
    rights = {"role": role_of(person=person), "is_superuser": person.is_superuser}
    _enter("person_created" if is_new else "person_changed", person, by=by, now=now, **rights)


@transaction.atomic
def make_password_link(*, person: User, by: User, now: dt.datetime) -> PasswordLink:
    """End the password, the sessions and the earlier links of a person, and make a new link.

    Raises:
        PersonError: the account is shut, or is the own one.
    """
    held = _held(person)
    if held == by:
        raise PersonError("your own password you change yourself: `Change password`, above")
    if not held.is_active:
        raise PersonError("the account is deactivated: activate it first")
    # A random mark stands in its place; sessions and links are bound to what stands there.
    held.set_unusable_password()
    held.save(update_fields=["password"])
    _enter("password_link_made", held, by=by, now=now)
    return PasswordLink(
        person=urlsafe_base64_encode(force_bytes(held.pk)),
        token=default_token_generator.make_token(held),
        lasts=dt.timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT),
    )


@transaction.atomic
def deactivate(*, person: User, by: User, now: dt.datetime) -> None:
    """Shut an account at once: its sessions, links and password end, and nothing else of it changes.

    Raises:
        PersonError: it is the own account, so that somebody is left who may open it again.
    """
    held = _held(person)
    if held == by:
        raise PersonError("nobody deactivates the own account: ask another superuser")
    held.is_active = False
    held.set_unusable_password()
    held.save(update_fields=["is_active", "password"])
    _enter("person_deactivated", held, by=by, now=now)


@transaction.atomic
def activate(*, person: User, by: User, now: dt.datetime) -> None:
    """Open an account again. It has no password until a link was used."""
    held = _held(person)
    held.is_active = True
    held.save(update_fields=["is_active"])
    _enter("person_activated", held, by=by, now=now)


def _held(person: User) -> User:
    return User.objects.select_for_update().get(pk=person.pk)


def _enter(kind: str, person: User, *, by: User, now: dt.datetime, **told: Any) -> None:
    journal.append_of_installation(
        kind=kind, actor=by.username, now=now, person=person.username, **told
    )
