"""Webhooks are an app of their own: their tables take its name, with all that they hold.

Indexes, constraints and what roles may do go with a table. The app's first migration takes over the models.
"""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('vault', '0025_organizers_hand_in_references'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.AlterModelTable(name='webhook', table='webhooks_webhook'),
                migrations.AlterModelTable(name='webhookdelivery', table='webhooks_webhookdelivery'),
            ],
            state_operations=[
                migrations.DeleteModel(name='WebhookDelivery'),
                migrations.DeleteModel(name='Webhook'),
            ],
        ),
    ]
