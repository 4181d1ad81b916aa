"""The processes that serve pages carry no code that draws: figures are the audit worker's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.settings import BASE_DIR

IMPORT = """
import importlib, sys
import django
django.setup()
importlib.import_module({module!r})
print(sorted(name for name in ("matplotlib", "audits.report.drawing", "audits.runs") if name in sys.modules))
"""


@pytest.mark.parametrize(
    ("module", "carried"),
    [
        ("config.urls", []),
        ("config.admin_urls", []),
        ("audits.tasks", ["audits.report.drawing", "audits.runs", "matplotlib"]),
    ],
)
def test_who_serves_pages_does_not_even_carry_what_draws(
    module: str, carried: list[str], tmp_path: Path
) -> None:
    """And the audit worker does, so that the question can fail."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", IMPORT.format(module=module)],
        cwd=BASE_DIR,
        env={**os.environ, "PYTHONPATH": str(BASE_DIR), "MPLCONFIGDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == str(carried)
