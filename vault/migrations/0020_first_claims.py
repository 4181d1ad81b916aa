"""When a submission was first claimed: leases that are lost soon after it do not count."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('vault', '0019_faults_are_not_attempts'),
    ]

    operations = [
        migrations.AddField(
            model_name='submission',
            name='claimed_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
