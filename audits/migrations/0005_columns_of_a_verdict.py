"""Columns for what several texts read of a verdict."""

import django.db.models.deletion
from django.db import migrations, models

VERDICTS = [
    (word, word)
    for word in ('INVALID', 'CONFIRMED', 'SUSPECTED', 'WITHIN_LUCK', 'SHIFT', 'NO_EVIDENCE', 'NOT_TESTED')
]


def number():
    return models.FloatField(blank=True, null=True)


def count():
    return models.PositiveIntegerField(blank=True, null=True)


FIELDS = {
    'published_verdict': models.CharField(blank=True, choices=VERDICTS, default='', max_length=16),
    'is_reference': models.BooleanField(default=False),
    'attempts': count(),
    'n_files': count(),
    'released': number(),
    'query': number(),
    'fresh': number(),
    'best_query': number(),
    'best_fresh': number(),
    'file_named': models.CharField(
        blank=True,
        choices=[('final', 'final'), ('best_scored', 'best-scored file')],
        default='',
        max_length=16,
    ),
    'named_submission': models.ForeignKey(
        blank=True,
        null=True,
        on_delete=django.db.models.deletion.PROTECT,
        related_name='+',
        to='vault.submission',
    ),
    'is_ranked_file': models.BooleanField(default=True),
    'test': models.CharField(
        blank=True,
        choices=[('own_files', 'own first files'), ('organiser', 'the references')],
        default='',
        max_length=16,
    ),
    'reference_excess': number(),
    'luck': number(),
    'is_screened': models.BooleanField(default=False),
}
TEXTS = ('published_verdict', 'file_named', 'test')


class Migration(migrations.Migration):

    dependencies = [
        ('audits', '0004_one_spelling'),
    ]

    operations = [
        migrations.AddField('finding', name, field, preserve_default=name not in TEXTS)
        for name, field in FIELDS.items()
    ]
