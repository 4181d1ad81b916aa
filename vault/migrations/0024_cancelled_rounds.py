"""Planned rounds that were cancelled, with the time and the reason."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('vault', '0023_token_links'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='round',
            name='round_status_known',
        ),
        migrations.AddField(
            model_name='round',
            name='cancelled_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='round',
            name='cancelled_reason',
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AlterField(
            model_name='round',
            name='status',
            field=models.CharField(choices=[('PLANNED', 'Planned'), ('OPEN', 'Open'), ('CLOSING', 'Closing'), ('CLOSED', 'Closed'), ('AUDITED', 'Audited'), ('PUBLISHED', 'Published'), ('CANCELLED', 'Cancelled')], default='PLANNED', max_length=16),
        ),
        migrations.AddConstraint(
            model_name='round',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['PLANNED', 'OPEN', 'CLOSING', 'CLOSED', 'AUDITED', 'PUBLISHED', 'CANCELLED'])), name='round_status_known'),
        ),
        migrations.AddConstraint(
            model_name='round',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('cancelled_at__isnull', False), ('opened_at__isnull', True), ('status', 'CANCELLED'), models.Q(('cancelled_reason', ''), _negated=True)), models.Q(models.Q(('status', 'CANCELLED'), _negated=True), ('cancelled_at__isnull', True), ('cancelled_reason', '')), _connector='OR'), name='round_cancelled_says_why'),
        ),
    ]
