"""Make the database's privileges equal to the allow-list of `config.grants`; run by the owner."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection, transaction
from psycopg import sql

from config.grants import GRANTS, ROLES


class Command(BaseCommand):
    help = "Grant the database roles exactly what config/grants.py lists."

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
        if options["verbosity"] > 0:
            self.stdout.write(f"{len(GRANTS)} grants to {len(ROLES)} roles")
