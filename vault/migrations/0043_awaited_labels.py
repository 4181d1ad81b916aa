"""Awaited labels: prospective holdouts, those who deliver their labels, batches, and scores of locked finals."""

import uuid
from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

trigger = import_module('vault.migrations.0002_append_only').trigger

# A batch is settled once: `vault_check_status` is of 0030.
SETTLED_ONCE = migrations.RunSQL(
    "CREATE TRIGGER vault_labelbatch_status_order BEFORE INSERT OR UPDATE OF status ON vault_labelbatch "
    "FOR EACH ROW WHEN (NOT has_table_privilege(current_user, 'public.vault_labelbatch', 'DELETE')) "
    "EXECUTE FUNCTION vault_check_status('batch', 'RECEIVED', 'RECEIVED>ACCEPTED RECEIVED>REFUSED');",
    "DROP TRIGGER vault_labelbatch_status_order ON vault_labelbatch;",
)


class Migration(migrations.Migration):

    dependencies = [
        ('vault', '0042_later_periods'),
    ]

    operations = [
        migrations.CreateModel(
            name='LabelBatch',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('sequence', models.PositiveIntegerField()),
                ('received_at', models.DateTimeField()),
                ('sha256', models.CharField(max_length=64)),
                ('idempotency_key', models.CharField(blank=True, max_length=255)),
                ('status', models.CharField(choices=[('RECEIVED', 'Received'), ('ACCEPTED', 'Accepted'), ('REFUSED', 'Refused')], default='RECEIVED', max_length=8)),
                ('settled_at', models.DateTimeField(blank=True, null=True)),
                ('n_rows', models.PositiveIntegerField(blank=True, null=True)),
                ('version', models.PositiveIntegerField(blank=True, null=True)),
                ('problems', models.JSONField(blank=True, default=list)),
                ('holdout', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='batches', to='vault.holdout')),
            ],
        ),
        migrations.CreateModel(
            name='AwaitedLabels',
            fields=[
                ('holdout', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='awaited', serialize=False, to='vault.holdout')),
                ('first_position', models.PositiveIntegerField()),
                ('mature_share', models.FloatField(blank=True, help_text='Scores are shown once this share of items has a label.', null=True)),
                ('mature_at', models.DateTimeField(blank=True, help_text='Scores are shown from then on, whatever is labelled.', null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('mature_share__isnull', False), ('mature_at__isnull', False), _connector='OR'), name='awaitedlabels_mature_once'), models.CheckConstraint(condition=models.Q(('mature_share__isnull', True), models.Q(('mature_share__gt', 0), ('mature_share__lte', 1)), _connector='OR'), name='awaitedlabels_share_of_all')],
            },
        ),
        migrations.CreateModel(
            name='BatchEnvelope',
            fields=[
                ('batch', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, serialize=False, to='vault.labelbatch')),
                ('kid', models.CharField(max_length=64)),
                ('wrapped_key', models.BinaryField()),
                ('ciphertext', models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name='LabelProvider',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100)),
                ('prefix', models.CharField(max_length=16)),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('made_by', models.CharField(max_length=150)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('benchmark', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='label_providers', to='vault.benchmark')),
            ],
        ),
        migrations.AddField(
            model_name='labelbatch',
            name='provider',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='batches', to='vault.labelprovider'),
        ),
        migrations.CreateModel(
            name='ProspectiveLook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('label_version', models.PositiveIntegerField()),
                ('n_labelled', models.PositiveIntegerField()),
                ('is_shown', models.BooleanField()),
                ('at', models.DateTimeField()),
                ('holdout', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='looks', to='vault.holdout')),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='prospective_looks', to='vault.round')),
            ],
        ),
        migrations.CreateModel(
            name='ProspectiveResult',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('value', models.FloatField(null=True)),
                ('low', models.FloatField(null=True)),
                ('high', models.FloatField(null=True)),
                ('is_weighted', models.BooleanField(default=False)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('look', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='vault.prospectivelook')),
                ('submission', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='vault.submission')),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='vault.team')),
            ],
        ),
        migrations.CreateModel(
            name='ProspectiveScore',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('value', models.FloatField(null=True)),
                ('low', models.FloatField(null=True)),
                ('high', models.FloatField(null=True)),
                ('is_weighted', models.BooleanField(default=False)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('look', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='vault.prospectivelook')),
                ('submission', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='vault.submission')),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='vault.team')),
            ],
        ),
        migrations.AddConstraint(
            model_name='labelprovider',
            constraint=models.UniqueConstraint(fields=('benchmark', 'name'), name='labelprovider_name_unique'),
        ),
        migrations.AddConstraint(
            model_name='labelbatch',
            constraint=models.UniqueConstraint(fields=('holdout', 'sequence'), name='labelbatch_in_order'),
        ),
        migrations.AddConstraint(
            model_name='labelbatch',
            constraint=models.UniqueConstraint(fields=('holdout', 'sha256'), name='labelbatch_once'),
        ),
        migrations.AddConstraint(
            model_name='labelbatch',
            constraint=models.UniqueConstraint(condition=models.Q(('idempotency_key', ''), _negated=True), fields=('provider', 'idempotency_key'), name='labelbatch_one_per_key'),
        ),
        migrations.AddConstraint(
            model_name='labelbatch',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ('RECEIVED', 'ACCEPTED', 'REFUSED'))), name='labelbatch_status_known'),
        ),
        migrations.AddConstraint(
            model_name='prospectivelook',
            constraint=models.UniqueConstraint(fields=('round', 'holdout', 'label_version'), name='prospectivelook_once'),
        ),
        migrations.AddConstraint(
            model_name='prospectiveresult',
            constraint=models.UniqueConstraint(fields=('look', 'team'), name='prospectiveresult_one_per_team'),
        ),
        migrations.AddConstraint(
            model_name='prospectivescore',
            constraint=models.UniqueConstraint(fields=('look', 'team'), name='prospectivescore_one_per_team'),
        ),
        trigger('vault_awaitedlabels'),
        trigger('vault_batchenvelope'),
        trigger('vault_prospectivelook'),
        trigger('vault_prospectivescore'),
        trigger('vault_prospectiveresult'),
        SETTLED_ONCE,
    ]
