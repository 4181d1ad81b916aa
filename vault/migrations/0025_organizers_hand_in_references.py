"""A role that cannot charge a team hands in for references alone; and what a team is, it stays."""

from django.db import migrations

# With the rights of whoever inserts. Its condition spares the API, which charges what it receives.
CHECKS = """
CREATE FUNCTION vault_check_uncharged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT is_reference FROM vault_team WHERE id = NEW.team_id) IS NOT TRUE THEN
        RAISE EXCEPTION 'permission denied: % may hand in for reference teams only', current_user
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER vault_submission_uncharged BEFORE INSERT ON vault_submission FOR EACH ROW
    WHEN (NOT has_table_privilege(current_user, 'vault_budgetentry', 'INSERT'))
    EXECUTE FUNCTION vault_check_uncharged();

-- Otherwise a team could be a reference for as long as it takes to hand in.
CREATE FUNCTION vault_refuse_other_kind() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'whether a team is a reference is settled when it is added'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER vault_team_stays BEFORE UPDATE ON vault_team FOR EACH ROW
    WHEN (OLD.is_reference <> NEW.is_reference)
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
