"""What a round's audits draw their random numbers from is put down with its plan, in a column of its own."""

import secrets

from django.db import migrations, models


def fill(apps, schema_editor):
    RoundSecret = apps.get_model('vault', 'RoundSecret')
    for secret in RoundSecret.objects.filter(audit_seed=''):
        secret.audit_seed = secrets.token_hex(32)
        secret.save(update_fields=['audit_seed'])


class Migration(migrations.Migration):

    dependencies = [
        ('vault', '0015_what_holdouts_told'),
    ]

    operations = [
        migrations.AddField(
            model_name='roundsecret',
            name='audit_seed',
            field=models.CharField(default='', max_length=64),
            preserve_default=False,
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
