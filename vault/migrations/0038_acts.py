"""What organizers change about a round: notices, late allowances and the files that came late."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('vault', '0037_planned_nats'),
    ]

    operations = [
        migrations.CreateModel(
            name='RoundNotice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('deadline_moved', 'end moved'), ('queries_added', 'more queries'), ('late_allowed', 'may hand in late'), ('late_withdrawn', 'late queries withdrawn'), ('audit_repeated', 'audit repeated')], max_length=20)),
                ('reason', models.CharField(max_length=500)),
                ('actor', models.CharField(max_length=150)),
                ('at', models.DateTimeField()),
                ('before', models.JSONField(blank=True, null=True)),
                ('after', models.JSONField(blank=True, null=True)),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='vault.round')),
                ('team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='vault.team')),
            ],
        ),
        migrations.AddField(
            model_name='submission',
            name='is_late',
            field=models.BooleanField(default=False),
        ),
        migrations.CreateModel(
            name='LateAllowance',
            fields=[
                ('notice', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, serialize=False, to='vault.roundnotice')),
                ('n_queries', models.PositiveIntegerField()),
                ('used_before', models.PositiveIntegerField()),
                ('until', models.DateTimeField()),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='late_allowances', to='vault.round')),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='late_allowances', to='vault.team')),
            ],
        ),
        migrations.AddConstraint(
            model_name='roundnotice',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='roundnotice_says_why'),
        ),
    ]
