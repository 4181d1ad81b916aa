"""The probes: alive, and able to work."""

import pytest
from django.db import OperationalError

from tests.vault.api.stage import Caller, problem

STRANGER = Caller()


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("authorization", [{}, {"Authorization": "Bearer nonsense"}])
def test_probe_answers_whoever_asks(path: str, authorization: dict[str, str]) -> None:
    response = STRANGER.ask("GET", path, headers=authorization)

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_probe_answers_in_its_own_form_whatever_is_accepted() -> None:
    for accept in ("image/png", "text/html; x*=a'b"):
        assert STRANGER.ask("GET", "/healthz", headers={"Accept": accept}).status_code == 200


class Away:
    def cursor(self) -> None:
        raise OperationalError("connection refused: password=hunter2")


def test_process_without_a_database_is_alive_and_not_ready(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vault.api.service.connection", Away())

    response = STRANGER.ask("GET", "/readyz")

    assert problem(response) == (503, "unavailable")
    assert response["Retry-After"] == "5"
    assert "hunter2" not in response.content.decode()
    assert STRANGER.ask("GET", "/healthz").status_code == 200
