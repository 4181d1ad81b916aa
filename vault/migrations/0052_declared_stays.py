"""What a team declared, no worker changes: they fill finals in, and choose again among those alone."""

from django.db import migrations

# The owner and the web role, which acts for teams, may also delete finals. It fires last, by its name.
STAYS = """
CREATE FUNCTION vault_keep_declared_final() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'permission denied: what a team declared is changed by a team alone'
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER vault_final_stays BEFORE UPDATE ON vault_final FOR EACH ROW
    WHEN (OLD.is_declared AND NOT has_table_privilege(current_user, 'public.vault_final', 'DELETE'))
    EXECUTE FUNCTION vault_keep_declared_final();
"""
STAYS_NOT = """
DROP TRIGGER vault_final_stays ON vault_final;
DROP FUNCTION vault_keep_declared_final();
"""


class Migration(migrations.Migration):
    dependencies = [("vault", "0051_finals_and_heads")]

    operations = [migrations.RunSQL(STAYS, STAYS_NOT)]
