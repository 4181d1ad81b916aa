"""How tests are shared out: each to the next free process, but all that share a service to one."""

from xdist.scheduler import LoadScopeScheduling

# Relative to the project, as pytest names tests.
SERVICE = "tests/service/test_"


def unit_of(name: str) -> str:
    """What the test goes with: the service's tests are one unit, any other test is one by itself."""
    return SERVICE if name.startswith(SERVICE) else name


class OneService(LoadScopeScheduling):
    """Hands out the largest unit, the service's, first.

    Not by `--dist loadgroup`: xdist 3.8 writes the group where pytest 9.2 no longer takes a test's name from,
    and each process would start a service.
    """

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)
