"""What the web role could still write raw of finals; and heads of the installation's chain are signed.

Of finals: unscored files, references', and any while a round closes.
"""

import django.db.models.deletion
from django.db import migrations, models

# Whoever may delete rounds owns the tables, and could drop the triggers.
NOT_OWNER = "NOT has_table_privilege(current_user, 'public.vault_round', 'DELETE')"

# It fires after `vault_final_locked`, by its name, which has taken the lock of the round's status. Of roles
# the web role alone removes finals. What time an allowance ends is asked by the code, which has the clock.
DECLARED = f"""
CREATE FUNCTION vault_check_declared_final() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_final public.vault_final%ROWTYPE;
BEGIN
    IF TG_OP = 'DELETE' THEN
        v_final := OLD;
    ELSE
        v_final := NEW;
    END IF;
    IF has_table_privilege(current_user, 'public.vault_final', 'DELETE') THEN
        IF TG_OP <> 'DELETE' AND NOT NEW.is_declared THEN
            RAISE EXCEPTION 'permission denied: a team declares its final, and fills none in'
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        IF EXISTS (
            SELECT FROM public.vault_round WHERE id = v_final.round_id AND status = 'CLOSING'
        ) AND COALESCE((
            SELECT n_queries FROM public.vault_lateallowance
            WHERE round_id = v_final.round_id AND team_id = v_final.team_id
            ORDER BY notice_id DESC LIMIT 1), 0) = 0
        THEN
            RAISE EXCEPTION 'permission denied: the round is CLOSING, and the team may not be late'
                USING ERRCODE = 'insufficient_privilege';
        END IF;
    ELSIF TG_OP = 'INSERT' AND NEW.is_declared THEN
        RAISE EXCEPTION 'permission denied: a team alone declares its final'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    IF NOT EXISTS (
        SELECT FROM public.vault_submission submission
        JOIN public.vault_team team ON team.id = submission.team_id
        WHERE submission.id = NEW.submission_id AND submission.status = 'SCORED'
            AND NOT team.is_reference
    ) THEN
        RAISE EXCEPTION 'permission denied: a final is a scored file, and of no reference'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER vault_final_of_scored BEFORE INSERT OR UPDATE OR DELETE ON vault_final FOR EACH ROW
    WHEN ({NOT_OWNER}) EXECUTE FUNCTION vault_check_declared_final();
"""
NOT_DECLARED = """
DROP TRIGGER vault_final_of_scored ON vault_final;
DROP FUNCTION vault_check_declared_final();
"""

# Back, each head is a benchmark's: those of the installation are no more, and their keepers know of them.
NO_HEADS = """
ALTER TABLE vault_signedhead DISABLE TRIGGER USER;
DELETE FROM vault_signedhead WHERE benchmark_id IS NULL;
ALTER TABLE vault_signedhead ENABLE TRIGGER USER;
"""


class Migration(migrations.Migration):
    dependencies = [("vault", "0050_opening_attempts")]

    operations = [
        migrations.RunSQL(DECLARED, NOT_DECLARED),
        migrations.AlterField(
            model_name="signedhead",
            name="benchmark",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="signed_heads",
                to="vault.benchmark",
            ),
        ),
        migrations.RunSQL(migrations.RunSQL.noop, NO_HEADS),
    ]
