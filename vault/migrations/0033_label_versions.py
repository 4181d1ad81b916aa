"""Labels have versions: what is sealed, and every score, belongs to one. What was sealed so far is version 1.

No envelope changes: it is bound to holdout and ciphertext, and both stay. Going back keeps version 1 alone.
"""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

trigger = import_module("vault.migrations.0002_append_only").trigger

# Foreign keys are checked at the end of a transaction; a table with checks that wait cannot be altered.
CHECKED = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED;"

FIRST = """
INSERT INTO vault_labelversion (holdout_id, number, n_labelled, arrived_at, reason, commitment)
    SELECT id, 1, n_items, sealed_at, '', commitment FROM vault_holdout ORDER BY sealed_at, id;
"""
NOT_FIRST = """
UPDATE vault_holdout h SET commitment = v.commitment
    FROM vault_labelversion v WHERE v.holdout_id = h.id AND v.number = 1;
"""

MOVED = f"""
{CHECKED}
ALTER TABLE vault_sealedblob ADD COLUMN version_id bigint;
UPDATE vault_sealedblob b SET version_id = v.id FROM vault_labelversion v WHERE v.holdout_id = b.holdout_id;
ALTER TABLE vault_sealedblob DROP COLUMN holdout_id;
ALTER TABLE vault_sealedblob ADD CONSTRAINT vault_sealedblob_pkey PRIMARY KEY (version_id);
ALTER TABLE vault_sealedblob ADD CONSTRAINT vault_sealedblob_version_id_fk
    FOREIGN KEY (version_id) REFERENCES vault_labelversion (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE vault_wrappedkey ADD COLUMN version_id bigint;
UPDATE vault_wrappedkey w SET version_id = v.id FROM vault_labelversion v WHERE v.holdout_id = w.holdout_id;
ALTER TABLE vault_wrappedkey DROP COLUMN holdout_id;
ALTER TABLE vault_wrappedkey ALTER COLUMN version_id SET NOT NULL;
ALTER TABLE vault_wrappedkey ADD CONSTRAINT vault_wrappedkey_version_id_fk
    FOREIGN KEY (version_id) REFERENCES vault_labelversion (id) DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX vault_wrappedkey_version_id ON vault_wrappedkey (version_id);
ALTER TABLE vault_wrappedkey ADD CONSTRAINT wrappedkey_once_per_key UNIQUE (version_id, sealing_key_id);
"""
MOVED_BACK = f"""
{CHECKED}
DELETE FROM vault_wrappedkey w USING vault_labelversion v WHERE v.id = w.version_id AND v.number <> 1;
DELETE FROM vault_sealedblob b USING vault_labelversion v WHERE v.id = b.version_id AND v.number <> 1;
ALTER TABLE vault_sealedblob ADD COLUMN holdout_id uuid;
UPDATE vault_sealedblob b SET holdout_id = v.holdout_id FROM vault_labelversion v WHERE v.id = b.version_id;
{CHECKED}
ALTER TABLE vault_sealedblob DROP COLUMN version_id;
ALTER TABLE vault_sealedblob ADD CONSTRAINT vault_sealedblob_pkey PRIMARY KEY (holdout_id);
ALTER TABLE vault_sealedblob ADD CONSTRAINT vault_sealedblob_holdout_id_fk
    FOREIGN KEY (holdout_id) REFERENCES vault_holdout (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE vault_wrappedkey ADD COLUMN holdout_id uuid;
UPDATE vault_wrappedkey w SET holdout_id = v.holdout_id FROM vault_labelversion v WHERE v.id = w.version_id;
{CHECKED}
ALTER TABLE vault_wrappedkey DROP COLUMN version_id;
ALTER TABLE vault_wrappedkey ALTER COLUMN holdout_id SET NOT NULL;
ALTER TABLE vault_wrappedkey ADD CONSTRAINT vault_wrappedkey_holdout_id_fk
    FOREIGN KEY (holdout_id) REFERENCES vault_holdout (id) DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX vault_wrappedkey_holdout_id ON vault_wrappedkey (holdout_id);
ALTER TABLE vault_wrappedkey ADD CONSTRAINT wrappedkey_once_per_key UNIQUE (holdout_id, sealing_key_id);
"""


def of_a_version(table):
    """Hold a score to a version that exists of its own holdout."""
    name = f"{table}_label_version"
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (holdout_id, label_version) "
        "REFERENCES vault_labelversion (holdout_id, number) DEFERRABLE INITIALLY DEFERRED;",
        f"ALTER TABLE {table} DROP CONSTRAINT {name};",
    )


def only_the_first(table):
    """Going back, drop scores on later versions: without a number they could not be told apart."""
    return migrations.RunSQL(
        "",
        f"ALTER TABLE {table} DISABLE TRIGGER {table}_no_change;"
        f"DELETE FROM {table} WHERE label_version <> 1;"
        f"ALTER TABLE {table} ENABLE TRIGGER {table}_no_change;",
    )


class Migration(migrations.Migration):
    dependencies = [("vault", "0032_signed_heads")]

    operations = [
        migrations.CreateModel(
            name="LabelVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("n_labelled", models.PositiveIntegerField()),
                ("arrived_at", models.DateTimeField()),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("commitment", models.CharField(blank=True, max_length=64)),
                (
                    "holdout",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="vault.holdout",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("holdout", "number"), name="labelversion_number_unique"
                    )
                ],
            },
        ),
        migrations.RunSQL(FIRST, NOT_FIRST),
        # Of the table's own owner, too.
        trigger("vault_labelversion"),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(MOVED, MOVED_BACK)],
            state_operations=[
                migrations.RemoveConstraint(model_name="wrappedkey", name="wrappedkey_once_per_key"),
                migrations.RemoveField(model_name="wrappedkey", name="holdout"),
                migrations.RemoveField(model_name="sealedblob", name="holdout"),
                migrations.AddField(
                    model_name="sealedblob",
                    name="version",
                    field=models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        serialize=False,
                        to="vault.labelversion",
                    ),
                    preserve_default=False,
                ),
                migrations.AddField(
                    model_name="wrappedkey",
                    name="version",
                    field=models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="wrapped_keys",
                        to="vault.labelversion",
                    ),
                    preserve_default=False,
                ),
                migrations.AddConstraint(
                    model_name="wrappedkey",
                    constraint=models.UniqueConstraint(
                        fields=("version", "sealing_key"), name="wrappedkey_once_per_key"
                    ),
                ),
            ],
        ),
        # A default, so that the column can come back.
        migrations.AlterField(
            model_name="holdout",
            name="commitment",
            field=models.CharField(default="", max_length=64),
        ),
        migrations.RemoveField(model_name="holdout", name="commitment"),
        migrations.AddField(
            model_name="rawscore",
            name="label_version",
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddField(
            model_name="releaseinput",
            name="label_version",
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.RemoveConstraint(model_name="rawscore", name="rawscore_once"),
        only_the_first("vault_rawscore"),
        only_the_first("vault_releaseinput"),
        migrations.AddConstraint(
            model_name="rawscore",
            constraint=models.UniqueConstraint(
                fields=("submission", "holdout", "label_version", "scorer_version", "metric"),
                name="rawscore_once",
            ),
        ),
        of_a_version("vault_rawscore"),
        of_a_version("vault_releaseinput"),
    ]
