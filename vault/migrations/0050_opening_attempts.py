"""How often the audit worker was ended while it opened something that was brought to it shut."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("vault", "0049_prospective_bounds")]

    operations = [
        migrations.CreateModel(
            name="OpeningAttempt",
            fields=[
                ("subject", models.UUIDField(primary_key=True, serialize=False)),
                ("n", models.PositiveSmallIntegerField(default=0)),
            ],
        ),
    ]
