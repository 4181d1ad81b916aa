"""Heads of journals that are signed, and the keys that sign them: append-only, for the table's owner too."""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

trigger = import_module("vault.migrations.0002_append_only").trigger

# A signed head names its benchmark by the short name, which must not come to mean another one.
SLUGS = """
CREATE FUNCTION vault_check_slug() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM public.vault_holdout WHERE benchmark_id = OLD.id) THEN
        RAISE EXCEPTION 'permission denied: a benchmark with sealed labels keeps its short name'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER vault_benchmark_slug_stays BEFORE UPDATE OF slug ON vault_benchmark FOR EACH ROW
    WHEN (OLD.slug <> NEW.slug
        AND NOT has_table_privilege(current_user, 'public.vault_benchmark', 'DELETE'))
    EXECUTE FUNCTION vault_check_slug();
"""
NO_SLUGS = """
DROP TRIGGER vault_benchmark_slug_stays ON vault_benchmark;
DROP FUNCTION vault_check_slug();
"""


class Migration(migrations.Migration):
    dependencies = [("vault", "0031_disclosures")]

    operations = [
        migrations.CreateModel(
            name="SigningKey",
            fields=[
                ("kid", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("generation", models.PositiveIntegerField(unique=True)),
                ("public_key", models.TextField()),
                ("created_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="SignedHead",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("slug", models.CharField(max_length=50)),
                ("number", models.PositiveIntegerField()),
                ("hash", models.CharField(max_length=64)),
                ("signed_at", models.DateTimeField()),
                ("signature", models.CharField(max_length=88)),
                (
                    "benchmark",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="signed_heads",
                        to="vault.benchmark",
                    ),
                ),
                (
                    "key",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="vault.signingkey",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("benchmark", "number"), name="signedhead_number_unique"
                    ),
                    models.UniqueConstraint(
                        fields=("slug", "number"), name="signedhead_said_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("number__gt", 0)), name="signedhead_not_of_nothing"
                    ),
                ],
            },
        ),
        trigger("vault_signingkey"),
        trigger("vault_signedhead"),
        migrations.RunSQL(SLUGS, NO_SLUGS),
    ]
