"""Bounds of a final's score on later labels that hold whatever the delays are; older rows have none."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("vault", "0048_guards")]

    operations = [
        migrations.AddField("prospectiveresult", "bound_low", models.FloatField(null=True)),
        migrations.AddField("prospectiveresult", "bound_high", models.FloatField(null=True)),
    ]
