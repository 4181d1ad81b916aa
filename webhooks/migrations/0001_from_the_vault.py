"""Takes over the webhooks that the vault had: tables, rows, and permissions that people were given."""

import django.db.models.deletion
import webhooks.models
from django.db import migrations, models

MODELS = ['webhook', 'webhookdelivery']


def rename_content_types(apps, before, after):
    """A permission belongs to a content type, which is found by its app's name; a new database has none."""
    types = apps.get_model('contenttypes', 'ContentType').objects
    types.filter(app_label=before, model__in=MODELS).update(app_label=after)


def take_over(apps, schema_editor):
    rename_content_types(apps, 'vault', 'webhooks')


def give_back(apps, schema_editor):
    rename_content_types(apps, 'webhooks', 'vault')


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('vault', '0026_webhooks_move_out'),
        ('contenttypes', '0002_remove_content_type_name'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(state_operations=[
            migrations.CreateModel(
                name='Webhook',
                fields=[
                    ('id', models.UUIDField(default=webhooks.models.new_id, editable=False, primary_key=True, serialize=False)),
                    ('url', models.URLField(max_length=500)),
                    ('events', models.JSONField(default=list)),
                    ('is_active', models.BooleanField(default=True)),
                    ('created_at', models.DateTimeField()),
                    ('secret_version', models.PositiveIntegerField(default=1)),
                    ('old_secret_until', models.DateTimeField(blank=True, null=True)),
                    ('noted_until', models.DateTimeField()),
                    ('team', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='webhooks', to='vault.team')),
                ],
            ),
            migrations.CreateModel(
                name='WebhookDelivery',
                fields=[
                    ('id', models.UUIDField(default=webhooks.models.new_id, editable=False, primary_key=True, serialize=False)),
                    ('event', models.CharField(max_length=40)),
                    ('subject', models.CharField(max_length=36)),
                    ('occurred_at', models.DateTimeField()),
                    ('status', models.CharField(choices=[('WAITING', 'Waiting'), ('DELIVERED', 'Delivered'), ('FAILED', 'Failed')], default='WAITING', max_length=16)),
                    ('n_attempts', models.PositiveSmallIntegerField(default=0)),
                    ('next_attempt_at', models.DateTimeField(blank=True, null=True)),
                    ('last_attempt_at', models.DateTimeField(blank=True, null=True)),
                    ('last_result', models.CharField(blank=True, max_length=100)),
                    ('webhook', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='webhooks.webhook')),
                ],
                options={
                    'verbose_name_plural': 'webhook deliveries',
                    'indexes': [models.Index(condition=models.Q(('status', 'WAITING')), fields=['next_attempt_at'], name='webhookdelivery_due'), models.Index(fields=['occurred_at'], name='webhookdelivery_age')],
                    'constraints': [models.UniqueConstraint(fields=('webhook', 'event', 'subject'), name='webhookdelivery_once'), models.CheckConstraint(condition=models.Q(('status', 'WAITING'), ('next_attempt_at__isnull', True), _connector='XOR'), name='webhookdelivery_due_while_waiting')],
                },
            ),
        ]),
        migrations.RunPython(take_over, give_back),
    ]
