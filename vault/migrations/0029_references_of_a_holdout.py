"""A query holdout answers so many files of references, whoever inserts them, and rounds go no way back."""

from importlib import import_module

from django.db import migrations

BEFORE = import_module("vault.migrations.0027_limited_references")

# As in `vault.references.files`, which says why these numbers, and with its lock: two rounds of one holdout at
# once cannot pass them. What became of a round does not matter, since whoever inserts may change that. Under a
# stricter isolation the count would be of the time before the lock was had, so there is none. What a reference
# asks once its round is open would be in no ledger. A foreign key is checked at the commit only, so a team or a
# round that is not there yet must be refused here: it could come in between. Whoever may delete submissions owns
# the table, and restores it.
LIMITS = """
CREATE FUNCTION vault_check_reference_room() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_is_reference boolean;
    v_holdout uuid;
    v_status text;
    v_of_team integer;
    v_of_holdout integer;
BEGIN
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION 'permission denied: submissions are inserted at the isolation level read committed'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT team.is_reference INTO v_is_reference FROM public.vault_team AS team WHERE team.id = NEW.team_id;
    SELECT round.query_holdout_id, round.status INTO v_holdout, v_status
        FROM public.vault_round AS round WHERE round.id = NEW.round_id;
    IF v_is_reference IS NULL OR v_holdout IS NULL OR v_status IS NULL THEN
        RAISE EXCEPTION 'permission denied: a submission is of a team and a round that are there'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NOT v_is_reference THEN
        RETURN NEW;
    END IF;
    IF v_status <> 'PLANNED' THEN
        RAISE EXCEPTION 'permission denied: % may hand in for references of planned rounds only', current_user
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM pg_advisory_xact_lock(4812, ('x' || right(v_holdout::text, 8))::bit(32)::integer);
    SELECT count(*) FILTER (WHERE file.round_id = NEW.round_id AND file.team_id = NEW.team_id), count(*)
        INTO v_of_team, v_of_holdout
        FROM public.vault_submission AS file
        JOIN public.vault_team AS team ON team.id = file.team_id AND team.is_reference
        JOIN public.vault_round AS round ON round.id = file.round_id
        WHERE round.query_holdout_id = v_holdout;
    IF v_of_team >= 5 OR v_of_holdout >= 20 THEN
        RAISE EXCEPTION 'permission denied: references have handed in as many files as they may'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER vault_submission_reference_room BEFORE INSERT ON vault_submission FOR EACH ROW
    WHEN (NOT has_table_privilege(current_user, 'public.vault_submission', 'DELETE'))
    EXECUTE FUNCTION vault_check_reference_room();
"""

DROP_LIMITS = """
DROP TRIGGER vault_submission_reference_room ON vault_submission;
DROP FUNCTION vault_check_reference_room();
"""

# As in `vault.statuses`. Whoever may delete rounds owns the tables, and could drop the triggers.
STATUSES = """
CREATE FUNCTION vault_check_round_status() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.status = 'PLANNED' THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND (OLD.status = NEW.status OR (OLD.status || ' ' || NEW.status) IN (
        'PLANNED OPEN', 'PLANNED CANCELLED', 'OPEN CLOSING', 'CLOSING CLOSED', 'CLOSED AUDITED',
        'AUDITED PUBLISHED'
    )) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'permission denied: no round becomes % like this', NEW.status
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER vault_round_status_order BEFORE INSERT OR UPDATE OF status ON vault_round FOR EACH ROW
    WHEN (NOT has_table_privilege(current_user, 'public.vault_round', 'DELETE'))
    EXECUTE FUNCTION vault_check_round_status();
"""

DROP_STATUSES = """
DROP TRIGGER vault_round_status_order ON vault_round;
DROP FUNCTION vault_check_round_status();
"""


class Migration(migrations.Migration):
    dependencies = [("vault", "0028_when_rounds_stopped")]

    operations = [
        migrations.RunSQL(BEFORE.DROP, BEFORE.LIMITS),
        migrations.RunSQL(LIMITS, DROP_LIMITS),
        migrations.RunSQL(STATUSES, DROP_STATUSES),
    ]
