"""What the worker and admin roles could still write raw: finals, transcripts, merges' rounds, first states."""

from django.db import migrations, models

# Whoever may delete rounds owns the tables, and could drop the triggers.
NOT_OWNER = "NOT has_table_privilege(current_user, 'public.vault_round', 'DELETE')"

# Each takes the lock of `vault.locks.hold_round_open`: a status is looked at as it stays.
FINALS = f"""
CREATE FUNCTION vault_check_final() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_id bigint;
    v_round record;
BEGIN
    IF TG_OP = 'INSERT' THEN
        v_id := NEW.round_id;
    ELSE
        v_id := OLD.round_id;
    END IF;
    PERFORM pg_advisory_xact_lock_shared(4801, v_id::integer);
    SELECT status, transcript INTO v_round FROM public.vault_round WHERE id = v_id;
    -- In the commit in which corrected labels become current, before their transcript is said to be.
    IF v_round.status NOT IN ('OPEN', 'CLOSING') AND NOT (
        TG_OP = 'UPDATE' AND v_round.status = 'CLOSED' AND NOT OLD.is_declared AND NOT NEW.is_declared
        AND EXISTS (
            SELECT FROM public.vault_transcript
            WHERE round_id = v_id AND number = v_round.transcript AND current_at IS NULL)
    ) THEN
        RAISE EXCEPTION 'permission denied: the finals of a round that is % are locked', v_round.status
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    IF NEW.round_id <> v_id OR NOT EXISTS (
        SELECT FROM public.vault_submission submission
        WHERE submission.id = NEW.submission_id AND submission.round_id = v_id AND (
            submission.team_id = NEW.team_id OR EXISTS (
                SELECT FROM public.vault_teammerge merge
                JOIN public.vault_teammerge_rounds reached ON reached.teammerge_id = merge.id
                WHERE merge.absorbed_id = submission.team_id AND merge.kept_id = NEW.team_id
                    AND reached.round_id = v_id))
    ) THEN
        RAISE EXCEPTION 'permission denied: a final is a file of its team, in its round'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER vault_final_locked BEFORE INSERT OR UPDATE OR DELETE ON vault_final FOR EACH ROW
    WHEN ({NOT_OWNER}) EXECUTE FUNCTION vault_check_final();
"""
NOT_FINALS = """
DROP TRIGGER vault_final_locked ON vault_final;
DROP FUNCTION vault_check_final();
"""

# `vault.rescoring` moves the round first, then says when its transcript became current.
TRANSCRIPTS = f"""
CREATE FUNCTION vault_check_round_transcript() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.transcript = 1 THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND (NEW.transcript = OLD.transcript
        OR NEW.transcript = OLD.transcript + 1 AND NEW.status = OLD.status
        AND NEW.status IN ('PLANNED', 'OPEN', 'CLOSING', 'CLOSED')
        AND EXISTS (
            SELECT FROM public.vault_transcript
            WHERE round_id = NEW.id AND number = NEW.transcript AND current_at IS NULL)
    ) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'permission denied: no round that is % goes on to transcript % like this',
        NEW.status, NEW.transcript USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER vault_round_transcript BEFORE INSERT OR UPDATE OF transcript ON vault_round FOR EACH ROW
    WHEN ({NOT_OWNER}) EXECUTE FUNCTION vault_check_round_transcript();

CREATE FUNCTION vault_check_transcript() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.current_at IS NULL THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND (NEW.current_at IS NOT DISTINCT FROM OLD.current_at
        OR OLD.current_at IS NULL AND EXISTS (
            SELECT FROM public.vault_round WHERE id = NEW.round_id AND transcript = NEW.number)
    ) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'permission denied: a transcript becomes current once, with its round'
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER vault_transcript_current BEFORE INSERT OR UPDATE OF current_at ON vault_transcript
    FOR EACH ROW WHEN ({NOT_OWNER}) EXECUTE FUNCTION vault_check_transcript();
"""
NOT_TRANSCRIPTS = """
DROP TRIGGER vault_transcript_current ON vault_transcript;
DROP FUNCTION vault_check_transcript();
DROP TRIGGER vault_round_transcript ON vault_round;
DROP FUNCTION vault_check_round_transcript();
"""

MERGES = f"""
CREATE FUNCTION vault_check_merged_round() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(4801, NEW.round_id::integer);
    IF NOT EXISTS (
        SELECT FROM public.vault_round WHERE id = NEW.round_id AND status IN ('PLANNED', 'OPEN')
    ) THEN
        RAISE EXCEPTION 'permission denied: a merge reaches rounds that are planned or open'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER vault_teammerge_rounds_coming BEFORE INSERT ON vault_teammerge_rounds FOR EACH ROW
    WHEN ({NOT_OWNER}) EXECUTE FUNCTION vault_check_merged_round();
"""
NOT_MERGES = """
DROP TRIGGER vault_teammerge_rounds_coming ON vault_teammerge_rounds;
DROP FUNCTION vault_check_merged_round();
"""

REFUSAL = """
CREATE FUNCTION vault_refuse() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'permission denied: %', TG_ARGV[0] USING ERRCODE = 'insufficient_privilege';
END $$;
"""
ENDS_ONCE = f"""
CREATE TRIGGER vault_labelprovider_ends_once BEFORE UPDATE OF revoked_at ON vault_labelprovider
    FOR EACH ROW WHEN (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at
        AND {NOT_OWNER})
    EXECUTE FUNCTION vault_refuse('a provider is revoked once, and not taken back');
"""
# What nobody has looked at yet: by table, what a new row is not, and why.
FIRST = {
    "sealedenvelope": (
        "NEW.status <> 'RECEIVED' OR NEW.problem <> '' OR NEW.judged_at IS NOT NULL",
        "the audit worker alone judges an envelope",
    ),
    "correctionrequest": (
        "NEW.done_at IS NOT NULL OR NEW.refused_at IS NOT NULL OR NEW.refusal <> ''",
        "the audit worker alone ends a correction",
    ),
    "labelbatch": (
        "NEW.status <> 'RECEIVED' OR NEW.settled_at IS NOT NULL OR NEW.n_rows IS NOT NULL "
        "OR NEW.version IS NOT NULL OR NEW.problems <> '[]'::jsonb",
        "the audit worker alone settles a batch",
    ),
}


def first(name: str) -> migrations.RunSQL:
    wrong, why = FIRST[name]
    table = f"vault_{name}"
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_first BEFORE INSERT ON {table} FOR EACH ROW "
        f"WHEN (({wrong}) AND {NOT_OWNER}) EXECUTE FUNCTION vault_refuse('{why}');",
        f"DROP TRIGGER {table}_first ON {table};",
    )


def finite(model: str, column: str, name: str) -> migrations.AddConstraint:
    """Refuse infinity, and NaN, which PostgreSQL holds to be greater than it."""
    condition = models.Q((f"{column}__lt", float("inf")))
    return migrations.AddConstraint(
        model_name=model, constraint=models.CheckConstraint(condition=condition, name=name)
    )


class Migration(migrations.Migration):
    dependencies = [("vault", "0047_rewrapped_deliveries")]

    operations = [
        migrations.RunSQL(FINALS, NOT_FINALS),
        migrations.RunSQL(TRANSCRIPTS, NOT_TRANSCRIPTS),
        migrations.RunSQL(MERGES, NOT_MERGES),
        migrations.RunSQL(REFUSAL, "DROP FUNCTION vault_refuse();"),
        migrations.RunSQL(
            ENDS_ONCE, "DROP TRIGGER vault_labelprovider_ends_once ON vault_labelprovider;"
        ),
        *(first(name) for name in FIRST),
        finite("holdouttold", "nats", "holdouttold_nats_finite"),
        finite("admission", "reserved_nats", "admission_nats_finite"),
    ]
