"""A round's times and an account's queries change as their acts do, and by nothing else, whatever the role.

Columns are granted to roles, but a role that may write a column could write anything into it at any time.
"""

from importlib import import_module

from django.db import migrations

# Whoever may delete rows owns the tables, and could drop the triggers.
NOT_OWNER = "NOT has_table_privilege(current_user, 'public.{table}', 'DELETE')"

ROUND = f"""
CREATE FUNCTION vault_check_round_times() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    step text := OLD.status || '>' || NEW.status;
BEGIN
    IF (NEW.opened_at IS DISTINCT FROM OLD.opened_at AND step <> 'PLANNED>OPEN')
        OR (NEW.stopped_at IS DISTINCT FROM OLD.stopped_at AND step <> 'OPEN>CLOSING')
        OR (NEW.closed_at IS DISTINCT FROM OLD.closed_at AND step <> 'CLOSING>CLOSED')
        OR (NEW.audited_at IS DISTINCT FROM OLD.audited_at AND step <> 'CLOSED>AUDITED')
        OR (NEW.published_at IS DISTINCT FROM OLD.published_at AND step <> 'AUDITED>PUBLISHED')
        OR ((NEW.cancelled_at, NEW.cancelled_reason)
                IS DISTINCT FROM (OLD.cancelled_at, OLD.cancelled_reason)
            AND step <> 'PLANNED>CANCELLED')
    THEN
        RAISE EXCEPTION 'permission denied: a time of a round is set by its step, and not by %', step
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.stopped_at > NEW.closes_at THEN
        RAISE EXCEPTION 'permission denied: a round stops receiving at its end at the latest'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.closes_at <> OLD.closes_at AND (
        step NOT IN ('PLANNED>PLANNED', 'OPEN>OPEN') OR NEW.closes_at < OLD.closes_at
        OR NOT EXISTS (
            SELECT FROM public.vault_roundnotice notice
            WHERE notice.round_id = NEW.id AND notice.kind = 'deadline_moved'
                AND (notice.before ->> 'closes_at')::timestamptz = OLD.closes_at
                AND (notice.after ->> 'closes_at')::timestamptz = NEW.closes_at)
    ) THEN
        RAISE EXCEPTION 'permission denied: an end is moved to a later time, with a notice'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER vault_round_times BEFORE UPDATE ON vault_round FOR EACH ROW
    WHEN ({NOT_OWNER.format(table="vault_round")})
    EXECUTE FUNCTION vault_check_round_times();
"""
NOT_ROUND = """
DROP TRIGGER vault_round_times ON vault_round;
DROP FUNCTION vault_check_round_times();
"""

# The scoring worker's role may change a status, to open and to close. If it could say that a round was audited, a
# board would be published that no audit has seen.
AUDITING = """
CREATE FUNCTION vault_check_auditing() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'permission denied: the audit worker alone makes a round %', NEW.status
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER vault_round_auditing BEFORE UPDATE OF status ON vault_round FOR EACH ROW
    WHEN (NEW.status IN ('AUDITED', 'PUBLISHED') AND OLD.status <> NEW.status
        AND NOT has_table_privilege(current_user, 'public.vault_publishedresult', 'INSERT'))
    EXECUTE FUNCTION vault_check_auditing();
"""
NOT_AUDITING = """
DROP TRIGGER vault_round_auditing ON vault_round;
DROP FUNCTION vault_check_auditing();
"""

# Web and scoring may update k, without which PostgreSQL lets nobody lock the row.
ACCOUNT = f"""
CREATE FUNCTION vault_check_account() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.k = OLD.k AND NEW.reserved_nats = OLD.reserved_nats THEN
        RETURN NEW;
    END IF;
    IF NEW.k < OLD.k OR NEW.reserved_nats < OLD.reserved_nats OR NOT EXISTS (
        SELECT FROM public.vault_roundnotice notice
        WHERE notice.round_id = NEW.round_id AND notice.team_id = NEW.team_id AND (
            notice.kind = 'queries_added'
                AND (notice.before ->> 'queries')::integer = OLD.k
                AND (notice.after ->> 'queries')::integer = NEW.k
            OR notice.kind = 'late_allowed' AND NEW.k = OLD.k)
    ) THEN
        RAISE EXCEPTION 'permission denied: an account is given more, with a notice'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER vault_admission_given BEFORE UPDATE ON vault_admission FOR EACH ROW
    WHEN ({NOT_OWNER.format(table="vault_admission")})
    EXECUTE FUNCTION vault_check_account();
"""
NOT_ACCOUNT = """
DROP TRIGGER vault_admission_given ON vault_admission;
DROP FUNCTION vault_check_account();
"""

trigger = import_module("vault.migrations.0002_append_only").trigger


class Migration(migrations.Migration):
    dependencies = [("vault", "0038_acts")]

    operations = [
        trigger("vault_roundnotice"),
        trigger("vault_lateallowance"),
        migrations.RunSQL(ROUND, NOT_ROUND),
        migrations.RunSQL(AUDITING, NOT_AUDITING),
        migrations.RunSQL(ACCOUNT, NOT_ACCOUNT),
    ]
