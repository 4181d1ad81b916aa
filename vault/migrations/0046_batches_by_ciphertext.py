"""A batch of awaited labels is known by its ciphertext, however the envelope around it is written.

Batches that came before are known so, too. Where one ciphertext came more than once already, the first is.
"""

from django.db import migrations

BY_CIPHERTEXT = """
    UPDATE vault_labelbatch batch SET sha256 = first.hash
    FROM (
        SELECT DISTINCT ON (each.holdout_id, hash) each.id, hash
        FROM vault_labelbatch each
        JOIN vault_batchenvelope envelope ON envelope.batch_id = each.id
        CROSS JOIN LATERAL (SELECT encode(sha256(envelope.ciphertext), 'hex') AS hash) hashed
        ORDER BY each.holdout_id, hash, each.sequence
    ) first
    WHERE batch.id = first.id
"""


class Migration(migrations.Migration):
    dependencies = [("vault", "0045_journal_kinds")]

    # Back, the column holds another hash than before: what is sent again then is another batch.
    operations = [migrations.RunSQL(BY_CIPHERTEXT, migrations.RunSQL.noop)]
