"""What a board shows after publication, and who has no rank on it."""

import django.db.models.deletion
from django.db import migrations, models

APPEND_ONLY = """
CREATE TRIGGER vault_unranking_no_change BEFORE UPDATE OR DELETE ON vault_unranking
    FOR EACH ROW EXECUTE FUNCTION vault_refuse_change();
CREATE TRIGGER vault_unranking_no_truncate BEFORE TRUNCATE ON vault_unranking
    FOR EACH STATEMENT EXECUTE FUNCTION vault_refuse_change();
"""
CHANGEABLE = """
DROP TRIGGER vault_unranking_no_change ON vault_unranking;
DROP TRIGGER vault_unranking_no_truncate ON vault_unranking;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('vault', '0012_probability_clip'),
    ]

    operations = [
        migrations.AddField(
            model_name='publishedresult',
            name='fresh_high',
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name='publishedresult',
            name='fresh_low',
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name='publishedresult',
            name='fresh_resolution',
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name='publishedresult',
            name='luck',
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name='publishedresult',
            name='overstatement',
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name='publishedresult',
            name='overstatement_high',
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name='publishedresult',
            name='overstatement_low',
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name='publishedresult',
            name='tier',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AlterField(
            model_name='publishedresult',
            name='fresh_value',
            field=models.FloatField(null=True),
        ),
        migrations.AddConstraint(
            model_name='publishedresult',
            constraint=models.CheckConstraint(condition=models.Q(('tier__isnull', True), ('tier__gt', 0), _connector='OR'), name='publishedresult_tiers_from_one'),
        ),
        migrations.CreateModel(
            name='Unranking',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_reversal', models.BooleanField(default=False)),
                ('reason', models.CharField(max_length=500)),
                ('actor', models.CharField(max_length=150)),
                ('at', models.DateTimeField()),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='unrankings', to='vault.round')),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='unrankings', to='vault.team')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='unranking_says_why')],
            },
        ),
        migrations.RunSQL(APPEND_ONLY, CHANGEABLE),
    ]
