"""Corrections and batches are wrapped for a later audit key, too; all else of them stays append-only."""

from django.db import migrations

# `vault_refuse_change` is of 0002, `vault_check_rewrap` of 0041. Batches name their key as their envelope does.
REWRAPPED = """
CREATE FUNCTION vault_check_batch_rewrap() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM public.vault_sealingkey b, public.vault_sealingkey a
        WHERE b.kid = OLD.kid AND a.kid = NEW.kid
            AND b.purpose = 'audit' AND a.purpose = 'audit' AND a.generation > b.generation
    ) THEN
        RAISE EXCEPTION 'permission denied: an envelope is made anew for a later key of its purpose'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NOT has_table_privilege(current_user, 'public.vault_disclosedfile', 'INSERT') THEN
        RAISE EXCEPTION 'permission denied: the audit worker alone makes its envelopes anew'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

DROP TRIGGER vault_sealedcorrection_no_change ON vault_sealedcorrection;
CREATE TRIGGER vault_sealedcorrection_no_change
    BEFORE DELETE OR UPDATE OF request_id, cipher, ciphertext, sha256, suite ON vault_sealedcorrection
    FOR EACH ROW EXECUTE FUNCTION vault_refuse_change();
CREATE TRIGGER vault_sealedcorrection_one_key BEFORE UPDATE ON vault_sealedcorrection
    FOR EACH ROW WHEN (NEW.sealing_key_id = OLD.sealing_key_id) EXECUTE FUNCTION vault_refuse_change();
CREATE TRIGGER vault_sealedcorrection_rewrapped BEFORE UPDATE ON vault_sealedcorrection
    FOR EACH ROW EXECUTE FUNCTION vault_check_rewrap();

DROP TRIGGER vault_batchenvelope_no_change ON vault_batchenvelope;
CREATE TRIGGER vault_batchenvelope_no_change
    BEFORE DELETE OR UPDATE OF batch_id, ciphertext ON vault_batchenvelope
    FOR EACH ROW EXECUTE FUNCTION vault_refuse_change();
CREATE TRIGGER vault_batchenvelope_one_key BEFORE UPDATE ON vault_batchenvelope
    FOR EACH ROW WHEN (NEW.kid = OLD.kid) EXECUTE FUNCTION vault_refuse_change();
CREATE TRIGGER vault_batchenvelope_rewrapped BEFORE UPDATE ON vault_batchenvelope
    FOR EACH ROW EXECUTE FUNCTION vault_check_batch_rewrap();
"""
NOT_REWRAPPED = """
DROP TRIGGER vault_batchenvelope_rewrapped ON vault_batchenvelope;
DROP TRIGGER vault_batchenvelope_one_key ON vault_batchenvelope;
DROP TRIGGER vault_batchenvelope_no_change ON vault_batchenvelope;
CREATE TRIGGER vault_batchenvelope_no_change BEFORE UPDATE OR DELETE ON vault_batchenvelope
    FOR EACH ROW EXECUTE FUNCTION vault_refuse_change();

DROP TRIGGER vault_sealedcorrection_rewrapped ON vault_sealedcorrection;
DROP TRIGGER vault_sealedcorrection_one_key ON vault_sealedcorrection;
DROP TRIGGER vault_sealedcorrection_no_change ON vault_sealedcorrection;
CREATE TRIGGER vault_sealedcorrection_no_change BEFORE UPDATE OR DELETE ON vault_sealedcorrection
    FOR EACH ROW EXECUTE FUNCTION vault_refuse_change();

DROP FUNCTION vault_check_batch_rewrap();
"""


class Migration(migrations.Migration):
    dependencies = [("vault", "0046_batches_by_ciphertext")]

    operations = [migrations.RunSQL(REWRAPPED, NOT_REWRAPPED)]
