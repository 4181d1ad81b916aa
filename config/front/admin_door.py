"""The admin's door: organizers send files, and strangers no more than a login form has."""

from contextlib import suppress

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import DatabaseError
from django.http import HttpResponse, parse_cookie

from config.front.doors import MAX_BYTES_OF_STRANGERS, Caller, database_session, stranger_at
from config.front.threads import Environ
from vault.admin import devices
from vault.api.problems import ProblemError

# A file that is a little too large is refused by its form, in the form's words.
MARGIN = 1024 * 1024


class AdminDoor:
    """Label files come in here: nothing unsealed touches a disk."""

    words_refusals = False
    spools_to_disk = False

    def at_once(self, environ: Environ) -> Caller | None:
        return None

    def looked_up(self, environ: Environ) -> Caller:
        cookies = parse_cookie(environ.get("HTTP_COOKIE", ""))
        key = cookies.get(settings.SESSION_COOKIE_NAME)
        user = None
        if key:
            with suppress(DatabaseError), database_session():
                user = SessionStore(key).get(SESSION_KEY)
        if user is None:
            # Whoever shares an address with an organizer could keep all its places, and nobody could sign in.
            names = sorted(devices.named_by(cookie=cookies.get(devices.COOKIE, "")).values())
            if not names:
                return stranger_at(environ)
            return Caller(name=f"browser {names[0]}", largest=MAX_BYTES_OF_STRANGERS, is_known=True)
        largest = settings.MAX_UPLOAD_BYTES + MARGIN
        return Caller(name=f"user {user}", largest=largest, is_known=True)

    def refusal(self, error: ProblemError) -> HttpResponse:
        answer = HttpResponse(
            f"{error.detail}\n", status=error.status_code, content_type="text/plain; charset=utf-8"
        )
        answer["Cache-Control"] = "no-store"
        return answer
