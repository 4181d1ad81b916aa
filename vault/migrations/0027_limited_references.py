"""What a role that cannot charge hands in for references is counted: without a limit it asks for every label."""

from django.db import migrations

# As in `vault.references.files`, which says why these numbers, and with its lock, so that two at once cannot
# pass them. Cancelled rounds count: their query holdout may serve another plan.
LIMITS = """
CREATE FUNCTION vault_check_reference_room() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_of_team integer;
    v_of_holdout integer;
BEGIN
    PERFORM pg_advisory_xact_lock(4812, NEW.round_id::integer);
    SELECT count(*) FILTER (WHERE file.round_id = NEW.round_id AND file.team_id = NEW.team_id), count(*)
        INTO v_of_team, v_of_holdout
        FROM public.vault_submission AS file
        JOIN public.vault_team AS team ON team.id = file.team_id AND team.is_reference
        JOIN public.vault_round AS round ON round.id = file.round_id
        WHERE round.status IN ('PLANNED', 'CANCELLED')
            AND round.query_holdout_id =
                (SELECT this.query_holdout_id FROM public.vault_round AS this WHERE this.id = NEW.round_id);
    IF v_of_team >= 5 OR v_of_holdout >= 20 THEN
        RAISE EXCEPTION 'permission denied: references have handed in as many files as they may'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
-- Triggers of one table fire in the order of their names: after the one that says who may hand in at all.
CREATE TRIGGER vault_submission_uncharged_room BEFORE INSERT ON vault_submission FOR EACH ROW
    WHEN (NOT has_table_privilege(current_user, 'public.vault_budgetentry', 'INSERT'))
    EXECUTE FUNCTION vault_check_reference_room();
"""

DROP = """
DROP TRIGGER vault_submission_uncharged_room ON vault_submission;
DROP FUNCTION vault_check_reference_room();
"""


class Migration(migrations.Migration):
    dependencies = [("vault", "0026_webhooks_move_out")]

    operations = [migrations.RunSQL(LIMITS, DROP)]
