"""Requests to disclose a retired holdout, the published files, and who alone may retire and disclose."""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

trigger = import_module('vault.migrations.0002_append_only').trigger

# The admin's role may change a holdout's status, to make it fresh. If it could retire one as well, whoever took
# over its process could have labels published that no round has used up.
RETIRING = """
CREATE FUNCTION vault_check_retiring() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'permission denied: the audit worker alone makes a holdout %', NEW.status
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER vault_holdout_retiring BEFORE UPDATE OF status ON vault_holdout FOR EACH ROW
    WHEN (NEW.status IN ('RETIRED', 'DISCLOSED') AND OLD.status <> NEW.status
        AND NOT has_table_privilege(current_user, 'public.vault_disclosedfile', 'INSERT'))
    EXECUTE FUNCTION vault_check_retiring();
"""
NOT_RETIRING = """
DROP TRIGGER vault_holdout_retiring ON vault_holdout;
DROP FUNCTION vault_check_retiring();
"""

# A request for a holdout that is still used would lie in wait until it retires.
ASKED = """
CREATE FUNCTION vault_check_disclosure() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM public.vault_holdout WHERE id = NEW.holdout_id AND status = 'RETIRED'
    ) THEN
        RAISE EXCEPTION 'permission denied: only a retired holdout is disclosed'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER vault_disclosurerequest_retired BEFORE INSERT ON vault_disclosurerequest FOR EACH ROW
    EXECUTE FUNCTION vault_check_disclosure();
"""
NOT_ASKED = """
DROP TRIGGER vault_disclosurerequest_retired ON vault_disclosurerequest;
DROP FUNCTION vault_check_disclosure();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('vault', '0030_statuses_in_order'),
    ]

    operations = [
        migrations.CreateModel(
            name='DisclosedFile',
            fields=[
                ('holdout', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='disclosed_file', serialize=False, to='vault.holdout')),
                ('sha256', models.CharField(max_length=64)),
                ('size', models.PositiveBigIntegerField()),
                ('file_key', models.CharField(max_length=200)),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='DisclosureRequest',
            fields=[
                ('holdout', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='disclosure_request', serialize=False, to='vault.holdout')),
                ('reason', models.CharField(max_length=500)),
                ('actor', models.CharField(max_length=150)),
                ('at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='disclosurerequest_says_why')],
            },
        ),
        trigger('vault_disclosedfile'),
        trigger('vault_disclosurerequest'),
        migrations.RunSQL(RETIRING, NOT_RETIRING),
        migrations.RunSQL(ASKED, NOT_ASKED),
    ]
