"""What was committed to of a draw and is kept sealed of it, and batches that were sealed where labels live."""

import uuid
from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

trigger = import_module("vault.migrations.0002_append_only").trigger

# As those of labels: large values that do not compress.
OUT_OF_LINE = "ALTER TABLE vault_drawrecord ALTER COLUMN ciphertext SET STORAGE EXTERNAL;"
# A verdict is not taken back: what was refused may serve nothing, and what was verified is served.
JUDGED_ONCE = """
CREATE TRIGGER vault_sealedenvelope_judged_once BEFORE UPDATE OR DELETE ON vault_sealedenvelope
    FOR EACH ROW WHEN (OLD.status <> 'RECEIVED') EXECUTE FUNCTION vault_refuse_change();
"""
NOT_JUDGED_ONCE = "DROP TRIGGER vault_sealedenvelope_judged_once ON vault_sealedenvelope;"


class Migration(migrations.Migration):

    dependencies = [
        ('vault', '0039_times_by_their_steps'),
    ]

    operations = [
        migrations.CreateModel(
            name='Draw',
            fields=[
                ('batch', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('seed_sha256', models.CharField(max_length=64)),
                ('holdout_ids', models.JSONField()),
                ('benchmark', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='draws', to='vault.benchmark')),
            ],
        ),
        migrations.CreateModel(
            name='DisclosedDraw',
            fields=[
                ('draw', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='disclosed', serialize=False, to='vault.draw')),
                ('sha256', models.CharField(max_length=64)),
                ('size', models.PositiveBigIntegerField()),
                ('file_key', models.CharField(max_length=200)),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='DrawRecord',
            fields=[
                ('draw', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='record', serialize=False, to='vault.draw')),
                ('cipher', models.CharField(max_length=40)),
                ('ciphertext', models.BinaryField()),
                ('sha256', models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name='SealedEnvelope',
            fields=[
                ('draw', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='envelope', serialize=False, to='vault.draw')),
                ('sha256', models.CharField(max_length=64)),
                ('size', models.PositiveBigIntegerField()),
                ('actor', models.CharField(max_length=150)),
                ('at', models.DateTimeField()),
                ('status', models.CharField(choices=[('RECEIVED', 'Received'), ('VERIFIED', 'Verified'), ('REFUSED', 'Refused')], default='RECEIVED', max_length=16)),
                ('problem', models.CharField(blank=True, max_length=300)),
                ('judged_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('status__in', ['RECEIVED', 'VERIFIED', 'REFUSED'])), name='sealedenvelope_status_known')],
            },
        ),
        migrations.CreateModel(
            name='DrawKey',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('suite', models.CharField(max_length=60)),
                ('envelope', models.BinaryField()),
                ('draw', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='wrapped_keys', to='vault.draw')),
                ('sealing_key', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='vault.sealingkey')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('draw', 'sealing_key'), name='drawkey_once_per_key')],
            },
        ),
        trigger("vault_draw"),
        trigger("vault_discloseddraw"),
        migrations.RunSQL(OUT_OF_LINE, migrations.RunSQL.noop),
        migrations.RunSQL(JUDGED_ONCE, NOT_JUDGED_ONCE),
    ]
