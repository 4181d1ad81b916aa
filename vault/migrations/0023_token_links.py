"""Links that show a team a new token once."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('vault', '0022_sign_in_failures'),
    ]

    operations = [
        migrations.CreateModel(
            name='TokenLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('batch', models.UUIDField()),
                ('row', models.PositiveIntegerField()),
                ('scopes', models.JSONField(default=list)),
                ('token_expires_at', models.DateTimeField(blank=True, null=True)),
                ('made_by', models.CharField(max_length=150)),
                ('made_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('used_at', models.DateTimeField(blank=True, null=True)),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='token_links', to='vault.team')),
                ('token', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='shown_by', to='vault.teamtoken')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('batch', 'row'), name='tokenlink_once_per_row'), models.CheckConstraint(condition=models.Q(models.Q(('token__isnull', True), ('used_at__isnull', True)), models.Q(('token__isnull', False), ('used_at__isnull', False)), _connector='OR'), name='tokenlink_used_with_its_token')],
            },
        ),
    ]
