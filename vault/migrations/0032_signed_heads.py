"""Heads of journals that are signed, and the keys that sign them: append-only, for the table's owner too."""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

trigger = import_module("vault.migrations.0002_append_only").trigger


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
                    models.CheckConstraint(
                        condition=models.Q(("number__gt", 0)), name="signedhead_not_of_nothing"
                    ),
                ],
            },
        ),
        trigger("vault_signingkey"),
        trigger("vault_signedhead"),
    ]
