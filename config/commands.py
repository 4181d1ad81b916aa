"""What `run.py` does in the locked environment."""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from config.embedded import OWNER, postgresql

PROJECT = Path(__file__).resolve().parent.parent


def test(arguments: list[str]) -> int:
    """All tests on an embedded PostgreSQL that is thrown away afterwards."""
    home = Path(tempfile.mkdtemp(prefix="hv-test-"))
    try:
        with postgresql(home=home, durable=False) as servers:
            environment = {
                **{
                    name: value
                    for name, value in os.environ.items()
                    if not name.startswith("HOLDOUT_VAULT_")
                },
                **servers.database_environment(OWNER),
                "HOLDOUT_VAULT_SECRET_KEY": secrets.token_urlsafe(32),
                "HOLDOUT_VAULT_SITE": "none",
                "HOLDOUT_VAULT_FILES": str(home / "files"),
                "OMP_NUM_THREADS": "1",
            }
            reference = os.environ.get("HOLDOUT_VAULT_REFERENCE_DATA")
            if reference:
                environment["HOLDOUT_VAULT_REFERENCE_DATA"] = reference
            return subprocess.run(
                [sys.executable, "-m", "pytest", *arguments],
                cwd=PROJECT,
                env=environment,
                check=False,
            ).returncode
    finally:
        shutil.rmtree(home, ignore_errors=True)


COMMANDS = {"test": test}


def main(arguments: list[str]) -> int:
    return COMMANDS[arguments[0]](arguments[1:])
