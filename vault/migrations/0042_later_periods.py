"""Of holdouts of a later period: what teams may train on, and how long a label takes."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('vault', '0041_key_generations'),
    ]

    operations = [
        migrations.AddField(
            model_name='holdout',
            name='label_delay_days',
            field=models.PositiveSmallIntegerField(blank=True, help_text='After so many days the label of an item is known.', null=True),
        ),
        migrations.AddField(
            model_name='holdout',
            name='trained_until',
            field=models.DateField(blank=True, help_text='The last day whose items teams may train on.', null=True),
        ),
    ]
