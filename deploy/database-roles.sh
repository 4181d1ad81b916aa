#!/usr/bin/env bash
# The database and its five roles. Run by the image when its volume is new; run it again after a
# password was changed:  docker compose exec db /docker-entrypoint-initdb.d/database-roles.sh
#
# The roles get no rights here: `manage.py grant_roles` grants exactly what config/grants.py lists.
set -euo pipefail

SECRETS="${SECRETS:-/run/secrets}"
PGPASSWORD="$(cat "$SECRETS/database-postgres")"
export PGPASSWORD

# A password is read by psql itself, so that it stands on no command line, and a statement that fails
# is not logged, because it would hold the password.
for role in owner web researcher scoring audit; do
    psql --quiet --no-psqlrc --username postgres --dbname postgres \
        --set ON_ERROR_STOP=1 --set role="$role" --set file="$SECRETS/database-$role" <<'SQL'
SET log_min_error_statement = 'panic';
SET log_statement = 'none';
\set password `cat :'file'`
SELECT format(
    CASE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = :'role')
        THEN 'ALTER ROLE %I LOGIN PASSWORD %L' ELSE 'CREATE ROLE %I LOGIN PASSWORD %L' END,
    :'role', :'password') \gexec
SQL
done

psql --quiet --no-psqlrc --username postgres --dbname postgres --set ON_ERROR_STOP=1 <<'SQL'
SELECT 'CREATE DATABASE holdout_vault OWNER owner'
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'holdout_vault') \gexec
REVOKE ALL ON DATABASE holdout_vault FROM PUBLIC;
REVOKE ALL ON DATABASE postgres FROM PUBLIC;
GRANT CONNECT ON DATABASE holdout_vault TO web, researcher, scoring, audit;
SQL
