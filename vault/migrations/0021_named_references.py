"""A round's plan may name the references with which it opens by itself."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('vault', '0020_first_claims'),
    ]

    operations = [
        migrations.AddField(
            model_name='round',
            name='named_references',
            field=models.JSONField(blank=True, default=list),
        ),
    ]
