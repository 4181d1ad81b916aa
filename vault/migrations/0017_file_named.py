"""What is published says which file a verdict is of."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('vault', '0016_audit_seeds'),
    ]

    operations = [
        migrations.AddField(
            model_name='publishedresult',
            name='file_named',
            field=models.CharField(blank=True, default='', max_length=16),
            preserve_default=False,
        ),
    ]
