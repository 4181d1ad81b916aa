"""Who may write what into the journal, and a chain that is about no benchmark."""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

BEFORE = import_module("vault.migrations.0002_append_only")

# Written by `manage.py grant_roles` alone, and read by nobody but the function.
KINDS = """
CREATE TABLE vault_journalkind (
    role text NOT NULL, kind text NOT NULL, is_of_installation boolean NOT NULL,
    PRIMARY KEY (role, kind)
);
"""
NO_KINDS = "DROP TABLE vault_journalkind;"

FUNCTION = """
-- It runs as its owner: who has called it is told by the role that was set, else by who signed in. What the
-- owner itself enters is not asked for.
CREATE OR REPLACE FUNCTION journal_append(
    p_benchmark_id bigint, p_at timestamptz, p_kind text, p_actor text, p_payload text
) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_sequence integer;
    v_previous text;
    v_hash text;
    v_caller text := coalesce(nullif(current_setting('role'), 'none'), session_user);
BEGIN
    IF v_caller <> current_user AND NOT EXISTS (
        SELECT FROM vault_journalkind
        WHERE role = v_caller AND kind = p_kind AND is_of_installation = (p_benchmark_id IS NULL)
    ) THEN
        RAISE EXCEPTION 'permission denied: the role % enters no % into this journal', v_caller, p_kind
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF p_benchmark_id IS NULL THEN
        INSERT INTO vault_installationhead (id, sequence, hash)
            VALUES (1, 0, repeat('0', 64)) ON CONFLICT DO NOTHING;
        SELECT sequence + 1, hash INTO v_sequence, v_previous
            FROM vault_installationhead WHERE id = 1 FOR UPDATE;
    ELSE
        INSERT INTO vault_journalhead (benchmark_id, sequence, hash)
            VALUES (p_benchmark_id, 0, repeat('0', 64)) ON CONFLICT DO NOTHING;
        SELECT sequence + 1, hash INTO v_sequence, v_previous
            FROM vault_journalhead WHERE benchmark_id = p_benchmark_id FOR UPDATE;
    END IF;
    v_hash := encode(sha256(convert_to(concat_ws(E'\\n',
        v_previous, coalesce(p_benchmark_id, 0), v_sequence,
        to_char(p_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        p_kind, p_actor, p_payload), 'UTF8')), 'hex');
    INSERT INTO vault_journalentry
        (benchmark_id, sequence, at, kind, actor, payload, previous_hash, hash)
        VALUES (p_benchmark_id, v_sequence, p_at, p_kind, p_actor, p_payload, v_previous, v_hash);
    IF p_benchmark_id IS NULL THEN
        UPDATE vault_installationhead SET sequence = v_sequence, hash = v_hash WHERE id = 1;
    ELSE
        UPDATE vault_journalhead SET sequence = v_sequence, hash = v_hash
            WHERE benchmark_id = p_benchmark_id;
    END IF;
    RETURN v_sequence;
END $$;
"""
# As it was first made, in the place of this one.
_, _, MADE = BEFORE.FUNCTIONS.partition("CREATE FUNCTION journal_append(")
EARLIER = "CREATE OR REPLACE FUNCTION journal_append(" + MADE


class Migration(migrations.Migration):
    dependencies = [("vault", "0044_merged_teams")]

    operations = [
        migrations.CreateModel(
            name="InstallationHead",
            fields=[
                ("id", models.PositiveIntegerField(default=1, primary_key=True, serialize=False)),
                ("sequence", models.PositiveIntegerField()),
                ("hash", models.CharField(max_length=64)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("id", 1)), name="installationhead_one"
                    )
                ],
            },
        ),
        migrations.AlterField(
            model_name="journalentry",
            name="benchmark",
            field=models.ForeignKey(
                null=True,
                blank=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="journal",
                to="vault.benchmark",
            ),
        ),
        migrations.AddConstraint(
            model_name="journalentry",
            constraint=models.UniqueConstraint(
                condition=models.Q(("benchmark", None)),
                fields=("sequence",),
                name="journalentry_sequence_of_installation",
            ),
        ),
        migrations.RunSQL(KINDS, NO_KINDS),
        migrations.RunSQL(FUNCTION, EARLIER),
    ]
