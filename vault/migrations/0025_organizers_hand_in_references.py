"""A role that cannot charge a team hands in for references alone; and what a team is, it stays."""

from django.db import migrations

# With the rights of whoever inserts, so every table is named with its schema: a role may make temporary ones,
# which would be found first. Its condition spares the API, which charges what it receives.
CHECKS = """
CREATE FUNCTION vault_check_uncharged() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM 1 FROM public.vault_team AS team, public.vault_round AS round
        WHERE team.id = NEW.team_id AND team.is_reference
            AND round.id = NEW.round_id AND round.panel_id = NEW.panel_id
            AND round.status = 'PLANNED' AND round.closes_at > clock_timestamp()
            AND NEW.status = 'QUEUED' AND NEW.fence = 0;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'permission denied: % may hand in for references of planned rounds only', current_user
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER vault_submission_uncharged BEFORE INSERT ON vault_submission FOR EACH ROW
    WHEN (NOT has_table_privilege(current_user, 'public.vault_budgetentry', 'INSERT'))
    EXECUTE FUNCTION vault_check_uncharged();

-- Otherwise a team could be a reference, or have the number of one, for as long as it takes to hand in.
CREATE FUNCTION vault_refuse_other_kind() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'whether a team is a reference is settled when it is added, and so is its number'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER vault_team_stays BEFORE UPDATE ON vault_team FOR EACH ROW
    WHEN (OLD.is_reference <> NEW.is_reference OR OLD.id <> NEW.id)
    EXECUTE FUNCTION vault_refuse_other_kind();
"""

DROP = """
DROP TRIGGER vault_team_stays ON vault_team;
DROP FUNCTION vault_refuse_other_kind();
DROP TRIGGER vault_submission_uncharged ON vault_submission;
DROP FUNCTION vault_check_uncharged();
"""


class Migration(migrations.Migration):
    dependencies = [("vault", "0024_cancelled_rounds")]

    operations = [migrations.RunSQL(CHECKS, DROP)]
