"""What the database's owner can do and no role of the application: change what is append-only."""

from typing import Any

from django.db import connection, transaction


def tamper(table: str, statement: str, *parameters: Any) -> None:
    """Run the statement with the table's triggers off; they are on again when this returns."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_no_change")
        cursor.execute(statement, parameters)
        assert cursor.rowcount > 0, "the statement changed nothing"
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {table}_no_change")
