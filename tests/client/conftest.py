"""A home of its own for each test, so that no token of whoever runs the tests is read."""

from pathlib import Path

import pytest

from tests.client.service import TOKEN, URL


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_SHA", "CI_COMMIT_SHA", "HOLDOUT_TOKEN_FILE", "HOLDOUT_BENCHMARK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOLDOUT_URL", URL)
    monkeypatch.setenv("HOLDOUT_TOKEN", TOKEN)


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "p.csv"
    path.write_text("id,label\nitem-1,0\n")
    return str(path)
