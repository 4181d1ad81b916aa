"""A verdict is written in one way, in lists as in reports."""

from django.db import migrations, models

WORDS = ('INVALID', 'CONFIRMED', 'SUSPECTED', 'WITHIN_LUCK', 'SHIFT', 'NO_EVIDENCE', 'NOT_TESTED')


class Migration(migrations.Migration):

    dependencies = [
        ('audits', '0003_words_of_an_audit'),
    ]

    operations = [
        migrations.AlterField(
            model_name='finding',
            name='verdict',
            field=models.CharField(blank=True, choices=[(word, word) for word in WORDS], max_length=16),
        ),
    ]
