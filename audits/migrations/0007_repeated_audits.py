"""Audits that were made again, beside the first and its publication."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('audits', '0006_verdicts_move_to_columns'),
        ('vault', '0039_times_by_their_steps'),
    ]

    operations = [
        migrations.AddField(
            model_name='auditrun',
            name='notice',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='audit_runs', to='vault.roundnotice'),
        ),
        migrations.CreateModel(
            name='RepeatedAudit',
            fields=[
                ('run', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, serialize=False, to='audits.auditrun')),
                ('reason', models.CharField(max_length=500)),
                ('made_at', models.DateTimeField()),
                ('inputs', models.JSONField(blank=True, default=list)),
                ('differences', models.JSONField(blank=True, null=True)),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='repeated_audits', to='vault.round')),
            ],
        ),
    ]
