from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("vault", "0005_actors_of_any_name"),
    ]

    operations = [
        migrations.AddField(
            model_name="submission",
            name="validation_score",
            field=models.FloatField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="releaseinput",
            name="reported",
            field=models.FloatField(null=True),
        ),
    ]
