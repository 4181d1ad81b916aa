from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

# A benchmark of before may have a larger cap or another threshold, and its rounds were planned with them:
# it stands as it is, and what is written from now on keeps to the rule.


class Migration(migrations.Migration):

    dependencies = [
        ('vault', '0011_how_holdouts_were_drawn'),
    ]

    operations = [
        migrations.AddField(
            model_name='benchmark',
            name='probability_clip',
            field=models.FloatField(default=0.01),
        ),
        migrations.AddConstraint(
            model_name='benchmark',
            constraint=models.CheckConstraint(condition=models.Q(('probability_clip__gt', 0), ('probability_clip__lt', 0.5)), name='benchmark_probability_clip_below_half'),
        ),
        AddConstraintNotValid(
            model_name='benchmark',
            constraint=models.CheckConstraint(condition=models.Q(('loss_cap__isnull', True), ('loss_cap__lte', 1000000000000.0), _connector='OR'), name='benchmark_loss_cap_not_too_large'),
        ),
        AddConstraintNotValid(
            model_name='benchmark',
            constraint=models.CheckConstraint(condition=models.Q(('decision_threshold__isnull', True), models.Q(('decision_threshold__gt', 0), ('decision_threshold__lt', 1)), _connector='OR'), name='benchmark_decision_threshold_between_0_and_1'),
        ),
    ]
