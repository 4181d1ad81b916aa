"""Rounds that are planned without a fresh holdout of the query holdout's draw say so."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("vault", "0035_corrections")]

    operations = [
        migrations.AddField(
            model_name="round",
            name="unaudited",
            field=models.BooleanField(
                default=False,
                help_text="Where ticked, no fresh holdout of the query holdout's draw is opened: no team is tested.",
            ),
        ),
    ]
