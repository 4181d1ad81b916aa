"""Failed sign-ins are counted here; the tables of the library that counted them before go."""

from django.db import migrations, models

COUNTED_BEFORE = (
    *("axes_accessattemptexpiration", "axes_accessattempt", "axes_accessfailurelog"),
    "axes_accesslog",
)


class Migration(migrations.Migration):

    dependencies = [
        ('vault', '0021_named_references'),
    ]

    operations = [
        migrations.CreateModel(
            name='SignInFailures',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=150)),
                ('place', models.CharField(blank=True, max_length=100)),
                ('n', models.PositiveIntegerField(default=0)),
                ('last_at', models.DateTimeField()),
            ],
            options={
                'verbose_name_plural': 'sign-in failures',
                'indexes': [models.Index(fields=['last_at'], name='signinfailures_age')],
                'constraints': [models.UniqueConstraint(fields=('name', 'place'), name='signinfailures_once')],
            },
        ),
        migrations.RunSQL(
            f"DROP TABLE IF EXISTS {', '.join(COUNTED_BEFORE)}", migrations.RunSQL.noop
        ),
    ]
