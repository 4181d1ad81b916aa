"""Requests to correct the labels of a batch, and what is sealed of them for the audit worker."""

import uuid
from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

trigger = import_module("vault.migrations.0002_append_only").trigger


# Each tells how scores move with the labels of items that the admin's process chooses.
FEW = """
CREATE FUNCTION vault_check_corrections() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(4819, hashtext(NEW.batch::text));
    IF (SELECT count(*) FROM public.vault_correctionrequest WHERE batch = NEW.batch) >= 10 THEN
        RAISE EXCEPTION 'permission denied: the labels of a batch are corrected ten times at most'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER vault_correctionrequest_few BEFORE INSERT ON vault_correctionrequest FOR EACH ROW
    EXECUTE FUNCTION vault_check_corrections();
"""
NOT_FEW = """
DROP TRIGGER vault_correctionrequest_few ON vault_correctionrequest;
DROP FUNCTION vault_check_corrections();
"""


# The admin's role seals holdouts. If it could add a version as well, whoever took over its process could put
# other labels in the place of those that were sealed, without a word in the journal.
LATER = """
CREATE FUNCTION vault_check_label_version() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM public.vault_labelversion WHERE holdout_id = NEW.holdout_id) THEN
        RAISE EXCEPTION 'permission denied: the audit worker alone gives a holdout another version'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER vault_labelversion_later BEFORE INSERT ON vault_labelversion FOR EACH ROW
    WHEN (NOT has_table_privilege(current_user, 'public.vault_transcript', 'INSERT'))
    EXECUTE FUNCTION vault_check_label_version();
"""
NOT_LATER = """
DROP TRIGGER vault_labelversion_later ON vault_labelversion;
DROP FUNCTION vault_check_label_version();
"""


class Migration(migrations.Migration):
    dependencies = [("vault", "0034_transcripts")]

    operations = [
        migrations.CreateModel(
            name="CorrectionRequest",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("batch", models.UUIDField()),
                (
                    "what",
                    models.CharField(
                        choices=[
                            ("void", "leave items out of scoring"),
                            ("replace", "replace labels"),
                        ],
                        max_length=8,
                    ),
                ),
                ("n_items", models.PositiveIntegerField()),
                ("reason", models.CharField(max_length=500)),
                ("commitment", models.CharField(max_length=64)),
                ("actor", models.CharField(max_length=150)),
                ("at", models.DateTimeField()),
                ("done_at", models.DateTimeField(null=True)),
                ("refused_at", models.DateTimeField(null=True)),
                ("refusal", models.CharField(blank=True, max_length=200)),
                (
                    "benchmark",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="corrections",
                        to="vault.benchmark",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("done_at", None), ("refused_at", None)),
                        fields=("batch",),
                        name="correctionrequest_one_waits",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True),
                        name="correctionrequest_says_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("done_at", None), ("refused_at", None), _connector="OR"
                        ),
                        name="correctionrequest_ends_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("what__in", ["void", "replace"])),
                        name="correctionrequest_what_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SealedCorrection",
            fields=[
                (
                    "request",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="sealed",
                        serialize=False,
                        to="vault.correctionrequest",
                    ),
                ),
                ("cipher", models.CharField(max_length=40)),
                ("ciphertext", models.BinaryField()),
                ("sha256", models.CharField(max_length=64)),
                ("suite", models.CharField(max_length=60)),
                ("envelope", models.BinaryField()),
                (
                    "sealing_key",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="vault.sealingkey"
                    ),
                ),
            ],
        ),
        trigger("vault_sealedcorrection"),
        migrations.RunSQL(FEW, NOT_FEW),
        migrations.RunSQL(LATER, NOT_LATER),
    ]
