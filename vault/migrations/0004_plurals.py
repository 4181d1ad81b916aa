"""Names for people; the database does not change."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("vault", "0003_groups")]

    operations = [
        migrations.AlterModelOptions(
            name="budgetentry", options={"verbose_name_plural": "budget entries"}
        ),
        migrations.AlterModelOptions(
            name="journalentry", options={"verbose_name_plural": "journal entries"}
        ),
    ]
