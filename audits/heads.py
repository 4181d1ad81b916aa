"""When the audit worker signs journal heads. That it cannot must keep no round from being audited."""

import logging

from audits.runs import Clock
from vault import signed_heads
from vault.errors import SigningKeyError
from vault.models import Benchmark

logger = logging.getLogger(__name__)


def sign(*, benchmark: Benchmark | None, clock: Clock) -> None:
    """Sign the head of a benchmark, or of the installation, if it is due.

    What goes wrong is logged, and the next sweep tries again.
    """
    name = signed_heads.OF_INSTALLATION if benchmark is None else benchmark.slug
    try:
        signed_heads.sign_if_due(benchmark=benchmark, now=clock())
    except SigningKeyError as error:
        logger.warning("no head of %s was signed: %s", name, error.message)
    except Exception:
        # A journal that was rewritten as well: its rounds are audited all the same.
        logger.exception("no head of %s was signed", name)


def sign_all(*, clock: Clock) -> None:
    for benchmark in Benchmark.objects.order_by("pk"):
        sign(benchmark=benchmark, clock=clock)
    # After them: it is signed when one of them was.
    sign(benchmark=None, clock=clock)
