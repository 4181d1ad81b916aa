"""What may become of a round, a holdout and a submission is refused by the database as well, of every role.

Rounds had it already, in a function of their own.
"""

from importlib import import_module
from typing import Any

from django.db import migrations

BEFORE = import_module("vault.migrations.0029_references_of_a_holdout")

# By table: what a new row may be, and what may follow what, as in `vault.statuses`.
LIVES = {
    "round": (
        "PLANNED",
        "PLANNED>OPEN PLANNED>CANCELLED OPEN>CLOSING CLOSING>CLOSED CLOSED>AUDITED AUDITED>PUBLISHED",
    ),
    "holdout": (
        "SEALED FRESH QUERY",
        "SEALED>FRESH SEALED>QUERY FRESH>QUERY FRESH>RETIRED QUERY>RETIRED RETIRED>DISCLOSED",
    ),
    "submission": (
        "QUEUED",
        "QUEUED>SCORING QUEUED>CANCELLED SCORING>SCORED SCORING>QUEUED SCORING>FAILED "
        "SCORING>CANCELLED SCORED>WITHDRAWN",
    ),
}

FUNCTION = """
CREATE FUNCTION vault_check_status() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.status = ANY (string_to_array(TG_ARGV[1], ' ')) THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND (OLD.status = NEW.status
            OR (OLD.status || '>' || NEW.status) = ANY (string_to_array(TG_ARGV[2], ' '))) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'permission denied: no % becomes % like this', TG_ARGV[0], NEW.status
        USING ERRCODE = 'insufficient_privilege';
END $$;
"""


def order(name: str) -> Any:
    """Put a life in order. Whoever may delete rows owns the tables, and could drop the triggers."""
    first, following = LIVES[name]
    table = f"vault_{name}"
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_status_order BEFORE INSERT OR UPDATE OF status ON {table} FOR EACH ROW "
        f"WHEN (NOT has_table_privilege(current_user, 'public.{table}', 'DELETE')) "
        f"EXECUTE FUNCTION vault_check_status('{name}', '{first}', '{following}');",
        f"DROP TRIGGER {table}_status_order ON {table};",
    )


class Migration(migrations.Migration):
    dependencies = [("vault", "0029_references_of_a_holdout")]

    operations = [
        migrations.RunSQL(BEFORE.DROP_STATUSES, BEFORE.STATUSES),
        migrations.RunSQL(FUNCTION, "DROP FUNCTION vault_check_status();"),
        *(order(name) for name in LIVES),
    ]
