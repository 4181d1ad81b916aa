"""Attempts that the installation spoiled are not counted, and the next one waits."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('vault', '0018_what_groups_are_worth'),
    ]

    operations = [
        migrations.AddField(
            model_name='submission',
            name='n_faults',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='submission',
            name='retry_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
