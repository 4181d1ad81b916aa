"""How often a benchmark's labels are wrong, as its organizers declare it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("vault", "0053_benchmark_constraints")]

    operations = [
        migrations.AddField(
            model_name="benchmark",
            name="label_noise",
            field=models.JSONField(blank=True, null=True),
        ),
    ]
