"""Names of teams in any script, unique without regard to case."""

from django.db import migrations, models

import vault.team_names


def keys(named):
    """The folded key of each team's id, for pairs of id and name in the order of the ids.

    Names were short ASCII that could differ in case alone. Such teams keep their names; the later ones
    get keys of their own, which no name folds to, so that no third team can take the name either.
    """
    found, taken = {}, set()
    for team_id, name in named:
        key = name.lower()
        found[team_id] = f"{key}\n{team_id}" if key in taken else key
        taken.add(key)
    return found


def fold(apps, schema_editor):
    Team = apps.get_model("vault", "Team")
    for team_id, key in keys(Team.objects.order_by("pk").values_list("pk", "name")).items():
        Team.objects.filter(pk=team_id).update(folded=key)


class Migration(migrations.Migration):
    dependencies = [("vault", "0013_board")]

    operations = [
        migrations.AddField(
            model_name="team",
            name="folded",
            field=models.CharField(default="", editable=False, max_length=300),
            preserve_default=False,
        ),
        migrations.RunPython(fold, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="team",
            name="folded",
            field=models.CharField(editable=False, max_length=300, unique=True),
        ),
        migrations.AlterField(
            model_name="team",
            name="name",
            field=models.CharField(max_length=100, validators=[vault.team_names.check]),
        ),
        migrations.AlterField(
            model_name="team",
            name="title",
            field=models.CharField(
                blank=True, max_length=200, validators=[vault.team_names.check_printable]
            ),
        ),
    ]
