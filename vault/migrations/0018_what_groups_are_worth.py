"""How many independent items a holdout of whole groups is worth; of older ones nobody knows."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('vault', '0017_file_named'),
    ]

    operations = [
        migrations.AddField(
            model_name='holdout',
            name='n_units',
            field=models.PositiveIntegerField(blank=True, help_text='Groups that were drawn whole; an item without a group counts as one.', null=True, verbose_name='groups'),
        ),
        migrations.AddField(
            model_name='holdout',
            name='n_effective',
            field=models.FloatField(blank=True, help_text='Independent items that prove as much: (sum of group sizes)^2 / sum of squared sizes.', null=True, verbose_name='effective number of items'),
        ),
        migrations.AddConstraint(
            model_name='holdout',
            constraint=models.CheckConstraint(condition=models.Q(('n_effective__isnull', True), models.Q(('n_effective__gte', 1), ('n_effective__lte', models.F('n_items'))), _connector='OR'), name='holdout_worth_one_to_all_items'),
        ),
    ]
