"""The ledger of a holdout, the kind of a round's publication, and a verdict that is renamed."""

import json
from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

trigger = import_module('vault.migrations.0002_append_only').trigger

TABLE = 'vault_publishedresult'


def rename(before, after):
    """Of an append-only table, by its owner: the word changes and no figure does."""
    return (
        f'ALTER TABLE {TABLE} DISABLE TRIGGER {TABLE}_no_change;'
        f"UPDATE {TABLE} SET verdict = '{after}' WHERE verdict = '{before}';"
        f'ALTER TABLE {TABLE} ENABLE TRIGGER {TABLE}_no_change;'
    )


def count_what_was_told(apps, schema_editor):
    """Publications were journaled with their nats: they enter the ledger that later rounds read."""
    HoldoutTold = apps.get_model('vault', 'HoldoutTold')
    Holdout = apps.get_model('vault', 'Holdout')
    entries = apps.get_model('vault', 'JournalEntry').objects.filter(kind='fresh_figures_published')
    for entry in entries.order_by('pk').iterator():
        told = json.loads(entry.payload)
        holdout = Holdout.objects.filter(pk=told['holdout']).first()
        if holdout is None:
            continue
        round = holdout.audited_rounds.filter(status='PUBLISHED').order_by('-number').first()
        if round is None:
            continue
        HoldoutTold.objects.get_or_create(
            holdout=holdout,
            round=round,
            what='publication',
            defaults={'nats': told['nats'], 'at': entry.at},
        )


class Migration(migrations.Migration):

    dependencies = [
        ('vault', '0014_team_names'),
    ]

    operations = [
        migrations.AddField(
            model_name='round',
            name='publication',
            field=models.CharField(choices=[('coarse', 'rounded figures; the fresh holdout answers the next round'), ('full', 'exact figures and all metrics; the fresh holdout retires at once')], default='coarse', max_length=8),
        ),
        migrations.AddConstraint(
            model_name='round',
            constraint=models.CheckConstraint(condition=models.Q(('publication__in', ['coarse', 'full'])), name='round_publication_known'),
        ),
        migrations.CreateModel(
            name='HoldoutTold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('what', models.CharField(max_length=20)),
                ('nats', models.FloatField()),
                ('at', models.DateTimeField()),
                ('holdout', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='told', to='vault.holdout')),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='vault.round')),
            ],
            options={
                'verbose_name_plural': 'holdouts told',
                'constraints': [
                    models.UniqueConstraint(fields=('holdout', 'round', 'what'), name='holdouttold_once'),
                    models.CheckConstraint(condition=models.Q(('nats__gte', 0)), name='holdouttold_nats_not_negative'),
                ],
            },
        ),
        trigger('vault_holdouttold'),
        migrations.RunSQL(
            rename('SELECTION_ONLY', 'WITHIN_LUCK'), rename('WITHIN_LUCK', 'SELECTION_ONLY')
        ),
        migrations.RunPython(count_what_was_told, migrations.RunPython.noop),
    ]
