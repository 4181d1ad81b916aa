"""What a round's query holdout was planned for, so that nobody is admitted beyond it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("vault", "0036_unaudited_rounds")]

    operations = [
        migrations.AddField(
            model_name="round",
            name="planned_nats",
            field=models.FloatField(
                blank=True,
                help_text="All that the query holdout told before, and as many teams with as many queries as "
                "planned.",
                null=True,
                verbose_name="planned for (nats)",
            ),
        ),
    ]
