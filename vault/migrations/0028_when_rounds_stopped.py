"""Rounds keep from when on they received nothing, which an organizer may have made earlier than announced.

Of rounds that stopped before, the journal knows when; without an entry it is when finals were locked.
"""

from django.db import migrations, models

FROM_JOURNAL = """
    UPDATE vault_round SET stopped_at = LEAST(closes_at, COALESCE((
        SELECT min(at) FROM vault_journalentry entry
        WHERE entry.benchmark_id = vault_round.benchmark_id AND entry.kind = 'round_closing'
        AND (entry.payload::jsonb ->> 'round')::int = vault_round.number
    ), closed_at))
    WHERE status IN ('CLOSING', 'CLOSED', 'AUDITED', 'PUBLISHED')
"""


class Migration(migrations.Migration):

    dependencies = [
        ("vault", "0027_limited_references"),
    ]

    operations = [
        migrations.AddField(
            model_name='round',
            name='stopped_at',
            field=models.DateTimeField(
                blank=True,
                help_text='Its announced end, or when an organizer closed it before.',
                null=True,
                verbose_name='stopped receiving at',
            ),
        ),
        migrations.AlterField(
            model_name='round',
            name='closed_at',
            field=models.DateTimeField(
                blank=True,
                help_text='Once all that waited was scored.',
                null=True,
                verbose_name='finals locked at',
            ),
        ),
        migrations.RunSQL(FROM_JOURNAL, migrations.RunSQL.noop),
    ]
