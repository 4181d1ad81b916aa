"""What is published of a final grows by its interval, its tier and its overstatement."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('vault', '0010_tokens_made_by_tokens'),
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
    ]
