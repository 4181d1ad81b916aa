"""Sealing keys have generations, and envelopes may be made anew for a later one of the same purpose."""

from django.db import migrations, models

NUMBERED = """
UPDATE vault_sealingkey k SET generation = n.number FROM (
    SELECT kid, row_number() OVER (PARTITION BY purpose ORDER BY created_at, kid) AS number
    FROM vault_sealingkey
) n WHERE n.kid = k.kid;
"""
# Whoever may make an envelope anew could else put one in its place that opens for nobody, or for another key.
REWRAPPED = """
CREATE FUNCTION vault_check_rewrap() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_before public.vault_sealingkey;
    v_after public.vault_sealingkey;
BEGIN
    SELECT * INTO v_before FROM public.vault_sealingkey WHERE kid = OLD.sealing_key_id;
    SELECT * INTO v_after FROM public.vault_sealingkey WHERE kid = NEW.sealing_key_id;
    IF v_before.purpose <> v_after.purpose OR v_after.generation < v_before.generation THEN
        RAISE EXCEPTION 'permission denied: an envelope is made anew for a later key of its purpose'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF v_before.purpose = 'audit'
        AND NOT has_table_privilege(current_user, 'public.vault_disclosedfile', 'INSERT') THEN
        RAISE EXCEPTION 'permission denied: the audit worker alone makes its envelopes anew'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER vault_wrappedkey_rewrapped BEFORE UPDATE ON vault_wrappedkey FOR EACH ROW
    EXECUTE FUNCTION vault_check_rewrap();
CREATE TRIGGER vault_drawkey_rewrapped BEFORE UPDATE ON vault_drawkey FOR EACH ROW
    EXECUTE FUNCTION vault_check_rewrap();
"""
NOT_REWRAPPED = """
DROP TRIGGER vault_drawkey_rewrapped ON vault_drawkey;
DROP TRIGGER vault_wrappedkey_rewrapped ON vault_wrappedkey;
DROP FUNCTION vault_check_rewrap();
"""


class Migration(migrations.Migration):
    dependencies = [("vault", "0040_offline_sealing")]

    operations = [
        migrations.AddField(
            model_name="sealingkey",
            name="generation",
            field=models.PositiveIntegerField(default=1),
            preserve_default=False,
        ),
        migrations.RunSQL(NUMBERED, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="sealingkey",
            constraint=models.UniqueConstraint(
                fields=("purpose", "generation"), name="sealingkey_generation_once"
            ),
        ),
        migrations.RunSQL(REWRAPPED, NOT_REWRAPPED),
    ]
