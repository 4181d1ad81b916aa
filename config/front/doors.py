"""Who sends a body, and how much is received from whom: teams at the API's door, organizers at the admin's.

Who sends one is looked up before it is received, so that strangers can fill neither disk nor memory.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.http import HttpResponse
from django.utils import timezone

from config.front.threads import Environ
from vault import label_providers
from vault.api import problems
from vault.api.authentication import RECENT
from vault.api.problems import ProblemError
from vault.models import TeamToken
from vault.sealing import batch_format


@dataclass(frozen=True, kw_only=True)
class Caller:
    """`name` is whose places a body takes, `largest` the bytes that are received in one body."""

    name: str
    largest: int
    is_known: bool


STRANGER = Caller(name="", largest=0, is_known=False)
MAX_BYTES_OF_STRANGERS = 64 * 1024
# Whoever was sent a link has no token yet: it is what the link is for.
OPEN_TO_STRANGERS = "/api/v1/token-links/redeem/"


def stranger_at(environ: Environ) -> Caller:
    """Somebody unknown who may send a form's worth, by address."""
    name = f"address {environ['REMOTE_ADDR']}"
    return Caller(name=name, largest=MAX_BYTES_OF_STRANGERS, is_known=False)


@contextmanager
def database_session() -> Iterator[None]:
    """Outside of a request nobody else looks whether this thread's session is old or broken."""
    close_old_connections()
    try:
        yield
    finally:
        close_old_connections()


class Door(Protocol):
    # Whether the application words the refusal of a body that it does not get.
    words_refusals: bool
    # Whether what comes in may lie on a disk.
    spools_to_disk: bool

    def at_once(self, environ: Environ) -> Caller | None:
        """Say who calls, if that needs no look into the database."""

    def looked_up(self, environ: Environ) -> Caller:
        """Find out who calls; it runs in a thread."""

    def refusal(self, error: ProblemError) -> HttpResponse:
        """Write a refusal that does not come from the application."""


class ApiDoor:
    """Teams send bodies to the API; of a stranger nothing is received but at one address."""

    words_refusals = True
    spools_to_disk = True

    def at_once(self, environ: Environ) -> Caller | None:
        header = environ.get("HTTP_AUTHORIZATION", "")
        if not header:
            return _stranger(environ)
        token = RECENT.known(header)
        return None if token is None else _team(token)

    def looked_up(self, environ: Environ) -> Caller:
        scheme, _, plain = environ["HTTP_AUTHORIZATION"].partition(" ")
        if scheme.lower() != "bearer":
            return _stranger(environ)
        try:
            with database_session():
                if plain.strip().startswith(label_providers.PREFIX):
                    return _provider(environ, plain.strip())
                token = RECENT.authenticate(plain.strip(), now=timezone.now())
        except DatabaseError:
            return STRANGER  # The application says what is wrong.
        return _stranger(environ) if token is None else _team(token)

    def refusal(self, error: ProblemError) -> HttpResponse:
        return problems.of_transport(error)


def _stranger(environ: Environ) -> Caller:
    return stranger_at(environ) if environ["PATH_INFO"] == OPEN_TO_STRANGERS else STRANGER


def _provider(environ: Environ, plain: str) -> Caller:
    provider = label_providers.authenticate(plain=plain, now=timezone.now())
    if provider is None:
        return _stranger(environ)
    return Caller(
        name=f"labels {provider.pk}", largest=batch_format.MAX_ENVELOPE_BYTES, is_known=True
    )


def _team(token: TeamToken) -> Caller:
    return Caller(name=f"team {token.team_id}", largest=settings.MAX_UPLOAD_BYTES, is_known=True)
