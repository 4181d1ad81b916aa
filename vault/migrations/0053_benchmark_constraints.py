"""A benchmark may declare what a model has to keep to beside its score."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("vault", "0052_declared_stays")]

    operations = [
        migrations.AddField(
            model_name="benchmark",
            name="constraints",
            field=models.JSONField(blank=True, default=dict),
        ),
    ]
