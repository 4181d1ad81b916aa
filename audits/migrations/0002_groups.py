"""Organisers and researchers read audits. Only the audit worker writes them."""

from importlib import import_module

from django.db import migrations

grant = import_module("vault.migrations.0003_groups").grant

VISIBLE = ["auditrun", "finding", "report", "publication"]


def let_groups_read(apps, schema_editor):
    looking = [f"view_{model}" for model in VISIBLE]
    grant(apps, "audits", {"researcher": looking, "organiser": looking})


class Migration(migrations.Migration):
    dependencies = [("audits", "0001_initial"), ("vault", "0003_groups")]

    operations = [migrations.RunPython(let_groups_read, migrations.RunPython.noop)]
