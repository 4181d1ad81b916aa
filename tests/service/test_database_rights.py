"""What the PostgreSQL of a service gives to none of its roles, unlike that of the tests."""

import pytest

from service.processes import Service
from tests.service.staging import query

pytestmark = pytest.mark.service


def test_no_role_may_leave_triggers_out(service: Service) -> None:
    """The journal and the ledger are append-only by triggers."""
    may = query(
        service,
        "SELECT rolname FROM pg_roles WHERE NOT rolsuper "
        "AND has_parameter_privilege(rolname, 'session_replication_role', 'SET')",
    )

    assert may == []
