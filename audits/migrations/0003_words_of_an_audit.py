"""The gate's state is told as what it is, and a verdict that claimed a cause is renamed."""

import django.db.models.deletion
from django.db import migrations, models

VERDICTS = [
    ('INVALID', 'Invalid'),
    ('CONFIRMED', 'Confirmed'),
    ('SUSPECTED', 'Suspected'),
    ('WITHIN_LUCK', 'Within Luck'),
    ('SHIFT', 'Shift'),
    ('NO_EVIDENCE', 'No Evidence'),
    ('NOT_TESTED', 'Not Tested'),
]
STATES = [('SHIFT', 'fired'), ('NO_EVIDENCE', 'quiet'), ('NOT_TESTED', 'not_tested')]


def renamed(verdict, evidence, *, before, after):
    """The words of one finding; its figures stay as they are."""
    changed = {
        name: after
        for name in ('verdict', 'published_verdict')
        if evidence.get(name) == before
    }
    return after if verdict == before else verdict, {**evidence, **changed}


def rename(apps, before, after):
    Finding = apps.get_model('audits', 'Finding')
    for finding in Finding.objects.filter(check_name='verdict').iterator():
        finding.verdict, finding.evidence = renamed(
            finding.verdict, finding.evidence, before=before, after=after
        )
        finding.save(update_fields=['verdict', 'evidence'])
    Publication = apps.get_model('audits', 'Publication')
    for publication in Publication.objects.iterator():
        for team in publication.document.get('teams', []):
            if team.get('verdict') == before:
                team['verdict'] = after
        publication.save(update_fields=['document'])


def forward(apps, schema_editor):
    rename(apps, 'SELECTION_ONLY', 'WITHIN_LUCK')
    AuditRun = apps.get_model('audits', 'AuditRun')
    for verdict, state in STATES:
        AuditRun.objects.filter(shift_gate=verdict).update(shift_gate=state)


def back(apps, schema_editor):
    rename(apps, 'WITHIN_LUCK', 'SELECTION_ONLY')
    AuditRun = apps.get_model('audits', 'AuditRun')
    for verdict, state in STATES:
        AuditRun.objects.filter(shift_gate=state).update(shift_gate=verdict)


class Migration(migrations.Migration):

    dependencies = [
        ('audits', '0002_groups'),
    ]

    operations = [
        migrations.RenameField('auditrun', 'board_verdict', 'shift_gate'),
        migrations.AlterField(
            model_name='auditrun',
            name='shift_gate',
            field=models.CharField(blank=True, choices=[('quiet', 'quiet'), ('fired', 'fired'), ('not_tested', 'not tested')], max_length=16),
        ),
        migrations.AlterField(
            model_name='finding',
            name='verdict',
            field=models.CharField(blank=True, choices=VERDICTS, max_length=16),
        ),
        migrations.AlterField(
            model_name='publication',
            name='round',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='published_audit', to='vault.round'),
        ),
        migrations.RunPython(forward, back),
    ]
