"""Links of accounts by a reviewer, and what teams say against them. Both are added and never edited."""


import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('vault', '0054_label_noise'),
    ]

    operations = [
        migrations.CreateModel(
            name='AccountLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_reversal', models.BooleanField(default=False)),
                ('reason', models.CharField(max_length=500)),
                ('actor', models.CharField(max_length=150)),
                ('at', models.DateTimeField()),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='account_links', to='vault.round')),
                ('teams', models.ManyToManyField(related_name='+', to='vault.team')),
            ],
        ),
        migrations.CreateModel(
            name='AccountAppeal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.CharField(max_length=5000)),
                ('received_on', models.DateField()),
                ('actor', models.CharField(max_length=150)),
                ('at', models.DateTimeField()),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='vault.team')),
                ('link', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='appeals', to='vault.accountlink')),
            ],
        ),
        migrations.AddConstraint(
            model_name='accountlink',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='accountlink_says_why'),
        ),
        migrations.AddConstraint(
            model_name='accountappeal',
            constraint=models.CheckConstraint(condition=models.Q(('text', ''), _negated=True), name='accountappeal_says_something'),
        ),
    ]
