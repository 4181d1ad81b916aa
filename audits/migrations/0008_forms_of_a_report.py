"""A report's facts and its Markdown, beside its page; reports of before have the page alone."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('audits', '0007_repeated_audits'),
    ]

    operations = [
        migrations.AddField(
            model_name='report',
            name='facts',
            field=models.TextField(blank=True, default=''),
        ),
        migrations.AddField(
            model_name='report',
            name='markdown',
            field=models.TextField(blank=True, default=''),
        ),
    ]
