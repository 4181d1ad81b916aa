"""The journal's only writer, and the triggers that refuse to change what is append-only."""

from django.db import migrations

APPEND_ONLY = [
    "vault_budgetentry",
    "vault_journalentry",
    "vault_rawscore",
    "vault_release",
    "vault_releaseinput",
    "vault_roundreference",
    "vault_publishedresult",
]

FUNCTIONS = """
CREATE FUNCTION vault_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

-- Appends one link to a benchmark's chain. It runs as its owner, so that no application role needs
-- (or has) the right to insert into the journal; the lock on the head orders concurrent writers.
CREATE FUNCTION journal_append(
    p_benchmark_id bigint, p_at timestamptz, p_kind text, p_actor text, p_payload text
) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_sequence integer;
    v_previous text;
    v_hash text;
BEGIN
    INSERT INTO vault_journalhead (benchmark_id, sequence, hash)
        VALUES (p_benchmark_id, 0, repeat('0', 64)) ON CONFLICT DO NOTHING;
    SELECT sequence + 1, hash INTO v_sequence, v_previous
        FROM vault_journalhead WHERE benchmark_id = p_benchmark_id FOR UPDATE;
    v_hash := encode(sha256(convert_to(concat_ws(E'\\n',
        v_previous, p_benchmark_id, v_sequence,
        to_char(p_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        p_kind, p_actor, p_payload), 'UTF8')), 'hex');
    INSERT INTO vault_journalentry
        (benchmark_id, sequence, at, kind, actor, payload, previous_hash, hash)
        VALUES (p_benchmark_id, v_sequence, p_at, p_kind, p_actor, p_payload, v_previous, v_hash);
    UPDATE vault_journalhead SET sequence = v_sequence, hash = v_hash
        WHERE benchmark_id = p_benchmark_id;
    RETURN v_sequence;
END $$;
REVOKE ALL ON FUNCTION journal_append(bigint, timestamptz, text, text, text) FROM PUBLIC;
"""

DROP_FUNCTIONS = """
DROP FUNCTION journal_append(bigint, timestamptz, text, text, text);
DROP FUNCTION vault_refuse_change();
"""


def trigger(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION vault_refuse_change();"
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION vault_refuse_change();",
        f"DROP TRIGGER {table}_no_change ON {table}; DROP TRIGGER {table}_no_truncate ON {table};",
    )


class Migration(migrations.Migration):
    dependencies = [("vault", "0001_initial")]

    operations = [
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        *[trigger(table) for table in APPEND_ONLY],
        # Large values that do not compress: store them out of line, as they are.
        migrations.RunSQL(
            "ALTER TABLE vault_sealedblob ALTER COLUMN ciphertext SET STORAGE EXTERNAL;",
            "ALTER TABLE vault_sealedblob ALTER COLUMN ciphertext SET STORAGE EXTENDED;",
        ),
    ]
