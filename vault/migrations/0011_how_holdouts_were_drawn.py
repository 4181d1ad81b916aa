from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('vault', '0010_tokens_made_by_tokens'),
    ]

    operations = [
        migrations.AddField(
            model_name='holdout',
            name='draws_groups',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='holdout',
            name='stratified',
            field=models.BooleanField(default=False),
        ),
    ]
