"""A team's CI bot: it submits and reads over the API with its token."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.test import Client, override_settings

from tests.vault.factories import acting_as


@contextmanager
def at_the_api() -> Iterator[None]:
    site = {"ROOT_URLCONF": "config.urls", "MIDDLEWARE": settings.API_MIDDLEWARE}
    with override_settings(**site), acting_as("web"):
        yield


class Bot:
    """Without a token a stranger."""

    def __init__(self, token: str = "") -> None:
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str) -> Any:
        answer = self.ask("GET", path)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def ask(
        self,
        method: str,
        path: str,
        body: str | bytes = b"",
        content_type: str = "text/csv",
        headers: dict[str, str] | None = None,
    ) -> Any:
        with at_the_api():
            return Client().generic(
                method,
                f"/api/v1/{path}",
                body,
                content_type=content_type,
                headers=self.headers | (headers or {}),
            )

    def submit(self, slug: str, predictions: str) -> str:
        """Hand in a file, and return the submission's id."""
        answer = self.ask("POST", f"benchmarks/{slug}/submissions/", predictions)
        assert answer.status_code == 202, answer.content
        return str(answer.json()["id"])

    def result(self, submission_id: str) -> Any:
        return self.get(f"submissions/{submission_id}/")
