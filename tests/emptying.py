"""How tables are emptied after a test that commits: by DELETE, and only of what tests write.

Django truncates all tables, which makes PostgreSQL replace the files of each table and index, and looks up
every permission again. With the few rows of a test that took longer than most tests. Permissions, groups of
people and content types are no test's: they stay.
"""

from django.db import connections
from django.test import TransactionTestCase

KEPT = ("auth_permission", "auth_group", "auth_group_permissions", "django_content_type")
# The append-only tables refuse a DELETE, and rows refer to each other. Without triggers neither is checked;
# the throw-away server of the tests grants its owner this right, and nobody else.
WITHOUT_TRIGGERS = "SET LOCAL session_replication_role = replica"


def empty_tables(case: TransactionTestCase) -> None:
    """Stand for `TransactionTestCase._fixture_teardown`."""
    for alias in case._databases_names(include_mirrors=False):  # type: ignore[attr-defined]
        names = connections[alias].introspection.django_table_names(include_views=False)
        deletes = [f"DELETE FROM {name}" for name in sorted(names) if name not in KEPT]  # noqa: S608
        with connections[alias].cursor() as cursor:
            cursor.execute("; ".join(["BEGIN", WITHOUT_TRIGGERS, *deletes, "COMMIT"]))
