"""A service of its own for a measurement, with a benchmark whose round is open."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.processes import Service, running

# The throttle is asked each time, and never refuses.
NO_LIMIT = {"TOKEN_REQUESTS_PER_MINUTE": "100000000", "ANONYMOUS_REQUESTS_PER_MINUTE": "100000000"}


@contextmanager
def staged(slug: str, *options: str) -> Iterator[tuple[Service, list[str]]]:
    """Start the service; give it and the teams' tokens."""
    with (
        tempfile.TemporaryDirectory(prefix="hv-bench-", ignore_cleanup_errors=True) as home,
        running(home=Path(home), port=0, admin_port=0, say=lambda _: None, **NO_LIMIT) as service,
    ):
        printed = service.output_of("stage_benchmark", "--slug", slug, *options)
        yield service, list(json.loads(printed).values())
