"""The groups organiser and researcher, with what each may do to the vault's models.

Django makes permissions after the last migration, so those that are granted here are made here first, with
Django's own function; it leaves alone what exists, and so does this.
"""

from django.contrib.auth.management import create_permissions
from django.db import migrations

VISIBLE = [
    "benchmark",
    "holdout",
    "round",
    "team",
    "teamtoken",
    "admission",
    "submission",
    "budgetentry",
    "journalentry",
]
# To change a holdout, a round or a token is to act on it: no page edits one.
ORGANISED = {
    "benchmark": ("add", "change"),
    "holdout": ("add", "change"),
    "round": ("add", "change"),
    "team": ("add", "change"),
    "teamtoken": ("change",),
}


def create_groups(apps, schema_editor):
    looking = [f"view_{model}" for model in VISIBLE]
    acting = [f"{verb}_{model}" for model, verbs in ORGANISED.items() for verb in verbs]
    grant(apps, "vault", {"researcher": looking, "organiser": looking + acting})


def grant(apps, app_label, codenames_of_groups):
    app = apps.get_app_config(app_label)
    # A migration's apps have no models module, without which the function does nothing.
    before = getattr(app, "models_module", None)
    app.models_module = True
    create_permissions(app, apps=apps, verbosity=0)
    app.models_module = before
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    for name, codenames in codenames_of_groups.items():
        found = Permission.objects.filter(
            content_type__app_label=app_label, codename__in=codenames
        )
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.add(*found)


def delete_groups(apps, schema_editor):
    apps.get_model("auth", "Group").objects.filter(name__in=["organiser", "researcher"]).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("vault", "0002_append_only"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(create_groups, delete_groups)]
