"""A process of its own for a measurement: its memory and its core hold nothing else."""

import json
import os
import subprocess
import sys
from typing import Any

from service.programs import ONE_THREAD
from service.snapshot import PROJECT


def answer_of(module: str, *arguments: str) -> Any:
    """Run a module of this package as a program, set up as a worker is; what it prints as JSON."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", f"service.bench.{module}", *arguments],
        env={**os.environ, **ONE_THREAD, "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return json.loads(done.stdout)
