"""What several texts read of a verdict moves from keys of its evidence to columns."""

import uuid

from django.db import migrations

# Column, key of the evidence, and what a finding has that says nothing of it.
MOVED = [
    ('is_reference', 'is_reference', False),
    ('attempts', 'attempts', None),
    ('n_files', 'k', None),
    ('released', 'released', None),
    ('query', 'query', None),
    ('fresh', 'fresh', None),
    ('best_query', 'best_query', None),
    ('best_fresh', 'best_fresh', None),
    ('file_named', 'file', ''),
    ('is_ranked_file', 'is_ranked_file', True),
    ('test', 'test', ''),
    ('reference_excess', 'reference_excess', None),
    ('luck', 'luck', None),
    ('is_screened', 'p_is_screened', False),
]


def columns_of(verdict, p_value, evidence):
    """The columns of one finding, and what is left of its evidence."""
    left = dict(evidence)
    left.pop('verdict', None)
    named = left.pop('submission', None)
    columns = {
        'published_verdict': left.pop('published_verdict', verdict),
        'p_value': left.pop('p_adjusted', p_value),
        'named_submission_id': None if named is None else uuid.UUID(named),
    }
    for column, key, otherwise in MOVED:
        value = left.pop(key, otherwise)
        columns[column] = otherwise if value is None else value
    if columns['n_files'] is None:
        columns['n_files'] = columns['attempts']
    return {**columns, 'evidence': left}


def evidence_of(finding):
    """The keys of one finding as they were; one that says nothing is left out."""
    kept = {
        key: getattr(finding, column)
        for column, key, otherwise in MOVED
        if getattr(finding, column) != otherwise
    }
    if finding.named_submission_id is not None:
        kept['submission'] = str(finding.named_submission_id)
    if finding.published_verdict:
        kept['published_verdict'] = finding.published_verdict
    return {'verdict': finding.verdict, **kept, **finding.evidence}


def forward(apps, schema_editor):
    Finding = apps.get_model('audits', 'Finding')
    for finding in Finding.objects.filter(check_name='verdict').iterator():
        columns = columns_of(finding.verdict, finding.p_value, finding.evidence)
        Finding.objects.filter(pk=finding.pk).update(**columns)


def back(apps, schema_editor):
    Finding = apps.get_model('audits', 'Finding')
    for finding in Finding.objects.filter(check_name='verdict').iterator():
        Finding.objects.filter(pk=finding.pk).update(evidence=evidence_of(finding))


class Migration(migrations.Migration):

    dependencies = [
        ('audits', '0005_columns_of_a_verdict'),
    ]

    operations = [migrations.RunPython(forward, back)]
