"""Merges of teams: append-only, in one step, and never undone by making the absorbed team active again."""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

trigger = import_module("vault.migrations.0002_append_only").trigger

CHAINS = """
CREATE FUNCTION vault_check_merge() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- The lock of `vault.locks.hold_merges`: of two at once the second sees the first.
    PERFORM pg_advisory_xact_lock(4844, 0);
    IF EXISTS (
        SELECT FROM public.vault_teammerge
        WHERE absorbed_id = NEW.kept_id OR kept_id = NEW.absorbed_id
    ) OR EXISTS (
        SELECT FROM public.vault_team WHERE id IN (NEW.absorbed_id, NEW.kept_id) AND is_reference
    ) THEN
        RAISE EXCEPTION 'permission denied: a team is merged in one step, and no reference is'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER vault_teammerge_one_step BEFORE INSERT ON vault_teammerge FOR EACH ROW
    EXECUTE FUNCTION vault_check_merge();
"""
NO_CHAINS = """
DROP TRIGGER vault_teammerge_one_step ON vault_teammerge;
DROP FUNCTION vault_check_merge();
"""

ENDED = """
CREATE FUNCTION vault_check_active() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM public.vault_teammerge WHERE absorbed_id = NEW.id) THEN
        RAISE EXCEPTION 'permission denied: a merged team is not made active again'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER vault_team_stays_merged BEFORE UPDATE OF is_active ON vault_team FOR EACH ROW
    WHEN (NEW.is_active AND NOT OLD.is_active) EXECUTE FUNCTION vault_check_active();
"""
NOT_ENDED = """
DROP TRIGGER vault_team_stays_merged ON vault_team;
DROP FUNCTION vault_check_active();
"""


class Migration(migrations.Migration):
    dependencies = [("vault", "0043_awaited_labels")]

    operations = [
        migrations.CreateModel(
            name="TeamMerge",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reason", models.CharField(max_length=500)),
                ("actor", models.CharField(max_length=150)),
                ("at", models.DateTimeField()),
                (
                    "absorbed",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="merge",
                        to="vault.team",
                    ),
                ),
                (
                    "kept",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="merges",
                        to="vault.team",
                    ),
                ),
                ("rounds", models.ManyToManyField(related_name="merges", to="vault.round")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("absorbed", models.F("kept")), _negated=True),
                        name="teammerge_of_two",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="teammerge_says_why"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MergedState",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("transcript", models.PositiveIntegerField()),
                ("sequence", models.PositiveIntegerField()),
                ("at", models.DateTimeField()),
                (
                    "merge",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="states",
                        to="vault.teammerge",
                    ),
                ),
                (
                    "round",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="vault.round",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merge", "round", "transcript"), name="mergedstate_once"
                    )
                ],
            },
        ),
        trigger("vault_teammerge"),
        trigger("vault_teammerge_rounds"),
        trigger("vault_mergedstate"),
        migrations.RunSQL(CHAINS, NO_CHAINS),
        migrations.RunSQL(ENDED, NOT_ENDED),
    ]
