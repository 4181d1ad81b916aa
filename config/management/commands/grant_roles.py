"""Make the database agree with the code on what roles may do and enter; run by the owner.

Privileges are those of `config.grants`, what each may enter into the journal that of `vault.journal_kinds`.
"""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection, transaction
from psycopg import sql

from config.grants import GRANTS, ROLES
from vault.journal_kinds import KINDS


class Command(BaseCommand):
    help = "Grant the database roles exactly what config/grants.py and vault/journal_kinds.py list."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        with connection.cursor() as cursor:
            for role in ROLES:
                name = sql.Identifier(role)
                for statement in (
                    "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}",
                    "REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {}",
                    "GRANT USAGE ON SCHEMA public TO {}",
                    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}",
                    "GRANT EXECUTE ON FUNCTION journal_append"
                    "(bigint, timestamptz, text, text, text) TO {}",
                ):
                    cursor.execute(sql.SQL(statement).format(name))
            for grant in GRANTS:
                listed = sql.SQL(", ").join(map(sql.Identifier, grant.columns))
                columns = sql.SQL(" ({})" if grant.columns else "{}").format(listed)
                cursor.execute(
                    sql.SQL("GRANT {}{} ON {} TO {}").format(
                        sql.SQL(grant.privilege),
                        columns,
                        sql.Identifier(grant.table),
                        sql.Identifier(grant.role),
                    )
                )
            cursor.execute("DELETE FROM vault_journalkind")
            cursor.executemany(
                "INSERT INTO vault_journalkind (role, kind, is_of_installation) VALUES (%s, %s, %s)",
                [
                    (role, each.name, each.is_of_installation)
                    for each in KINDS
                    for role in each.roles
                ],
            )
        if options["verbosity"] > 0:
            self.stdout.write(f"{len(GRANTS)} grants to {len(ROLES)} roles")
