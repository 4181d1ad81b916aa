"""What the database grants, read back from its catalogs, equals the allow-list of `config.grants`."""

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from config.grants import AUDIT, GRANTS, RESEARCHER, ROLES, SCORING, WEB

Granted = set[tuple[str, str, str, str]]

TABLE_GRANTS = """
    SELECT grantee.rolname, relation.relname, '', entry.privilege_type
    FROM pg_class AS relation, aclexplode(relation.relacl) AS entry, pg_roles AS grantee
    WHERE relation.relnamespace = 'public'::regnamespace AND relation.relkind IN ('r', 'v', 'm', 'p')
        AND entry.grantee = grantee.oid AND grantee.rolname = ANY(%s)
"""
COLUMN_GRANTS = """
    SELECT grantee.rolname, relation.relname, col.attname, entry.privilege_type
    FROM pg_attribute AS col, pg_class AS relation, aclexplode(col.attacl) AS entry, pg_roles AS grantee
    WHERE relation.relnamespace = 'public'::regnamespace AND col.attrelid = relation.oid
        AND entry.grantee = grantee.oid AND grantee.rolname = ANY(%s)
"""
# Grantee 0 is PUBLIC: everybody.
PUBLIC_GRANTS = """
    SELECT relation.relname, entry.privilege_type
    FROM pg_class AS relation, aclexplode(relation.relacl) AS entry
    WHERE relation.relnamespace = 'public'::regnamespace AND entry.grantee = 0
    UNION
    SELECT relation.relname, entry.privilege_type
    FROM pg_attribute AS col, pg_class AS relation, aclexplode(col.attacl) AS entry
    WHERE relation.relnamespace = 'public'::regnamespace AND col.attrelid = relation.oid
        AND entry.grantee = 0
"""


def rows(statement: str, *parameters: str | list[str]) -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found: list[tuple[str, ...]] = cursor.fetchall()
    return found


def granted() -> Granted:
    found = rows(TABLE_GRANTS, list(ROLES)) + rows(COLUMN_GRANTS, list(ROLES))
    return {(role, table, column, privilege) for role, table, column, privilege in found}


def allowed() -> Granted:
    return {
        (grant.role, grant.table, column, grant.privilege)
        for grant in GRANTS
        for column in grant.columns or ("",)
    }


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture(autouse=True)
def _own_role(db: None) -> Iterator[None]:
    yield
    run("RESET ROLE")


def test_grants_equal_the_allow_list() -> None:
    assert granted() == allowed()


@pytest.mark.parametrize(
    "statement",
    [
        "GRANT SELECT ON vault_rawscore TO web",
        "GRANT SELECT (value) ON vault_rawscore TO web",
        "GRANT UPDATE (status) ON vault_round TO web",
        "GRANT TRUNCATE ON vault_journalentry TO audit",
        "REVOKE SELECT ON vault_release FROM web",
    ],
)
def test_any_difference_is_seen_and_mended(statement: str) -> None:
    run(statement)

    assert granted() != allowed()

    call_command("grant_roles", verbosity=0)
    assert granted() == allowed()


def test_allow_list_states_each_grant_once() -> None:
    stated = [(grant.role, grant.table, grant.privilege) for grant in GRANTS]

    assert len(stated) == len(set(stated))


def test_public_is_granted_nothing() -> None:
    assert rows(PUBLIC_GRANTS) == []


def test_roles_have_no_power_of_their_own() -> None:
    found = rows(
        "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s) AND "
        "(rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)",
        list(ROLES),
    )

    assert found == []


def test_roles_belong_to_no_other_role() -> None:
    found = rows(
        "SELECT r.rolname FROM pg_auth_members AS m JOIN pg_roles AS r ON r.oid = m.member "
        "WHERE r.rolname = ANY(%s)",
        list(ROLES),
    )

    assert found == []


def test_roles_own_nothing() -> None:
    found = rows(
        "SELECT c.relname FROM pg_class AS c JOIN pg_roles AS r ON r.oid = c.relowner "
        "WHERE r.rolname = ANY(%s)",
        list(ROLES),
    )

    assert found == []


def test_roles_may_not_create_in_the_schema() -> None:
    assert rows(
        "SELECT rolname, has_schema_privilege(rolname, 'public', 'CREATE')::text FROM pg_roles "
        "WHERE rolname = ANY(%s) ORDER BY rolname",
        list(ROLES),
    ) == [(role, "false") for role in sorted(ROLES)]


def test_sequences_may_only_be_drawn_from() -> None:
    found = rows(
        "SELECT DISTINCT g.rolname, e.privilege_type FROM pg_class AS c, aclexplode(c.relacl) AS e, "
        "pg_roles AS g WHERE c.relkind = 'S' AND e.grantee = g.oid AND g.rolname = ANY(%s)",
        list(ROLES),
    )

    assert set(found) == {(role, "USAGE") for role in ROLES}


def test_journal_append_is_the_only_function_with_its_owners_rights() -> None:
    found = rows(
        "SELECT p.proname, p.proconfig::text FROM pg_proc AS p "
        "WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef"
    )

    # A pinned search path: else a caller's own tables could stand in for the journal's.
    assert found == [("journal_append", '{"search_path=public, pg_temp"}')]


def test_journal_append_is_executable_by_the_roles_and_not_by_everybody() -> None:
    found = rows(
        "SELECT coalesce(g.rolname, 'PUBLIC') FROM pg_proc AS p CROSS JOIN aclexplode(p.proacl) AS e "
        "LEFT JOIN pg_roles AS g ON g.oid = e.grantee "
        "WHERE p.proname = 'journal_append' AND e.grantee <> p.proowner"
    )

    assert {role for (role,) in found} == set(ROLES)


def test_plain_functions_are_triggers_only() -> None:
    """PUBLIC may execute a new function; a trigger function cannot be called, so it gives nothing."""
    found = rows(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace "
        "AND NOT prosecdef AND prorettype <> 'trigger'::regtype"
    )

    assert found == []


FORBIDDEN = [
    (WEB, "SELECT value FROM vault_rawscore"),
    (WEB, "SELECT score FROM vault_releaseinput"),
    (WEB, "SELECT state FROM vault_mechanismstate"),
    (WEB, "SELECT entropy FROM vault_roundsecret"),
    (WEB, "SELECT ciphertext FROM vault_sealedblob"),
    (WEB, "SELECT envelope FROM vault_wrappedkey"),
    (WEB, "SELECT payload FROM vault_journalentry"),
    (WEB, "SELECT evidence FROM audits_finding"),
    (WEB, "SELECT snapshot FROM audits_auditrun"),
    (WEB, "SELECT html FROM audits_report"),
    (WEB, "SELECT password FROM auth_user"),
    (WEB, "SELECT session_data FROM django_session"),
    (WEB, "INSERT INTO vault_release SELECT * FROM vault_release"),
    (WEB, "UPDATE vault_teamtoken SET digest = ''"),
    (WEB, "UPDATE vault_admission SET reserved_nats = 0"),
    (WEB, "UPDATE vault_submission SET sha256 = ''"),
    (WEB, "DELETE FROM vault_budgetentry"),
    (WEB, "INSERT INTO vault_unranking SELECT * FROM vault_unranking"),
    (WEB, "SELECT ciphertext FROM vault_batchenvelope"),
    (WEB, "UPDATE vault_labelbatch SET status = 'ACCEPTED'"),
    (WEB, "INSERT INTO vault_labelprovider SELECT * FROM vault_labelprovider"),
    *[(role, "SELECT value FROM vault_prospectivescore") for role in ROLES if role != AUDIT],
    *[(role, "SELECT wrapped_key FROM vault_batchenvelope") for role in ROLES if role != AUDIT],
    (AUDIT, "INSERT INTO vault_labelbatch SELECT * FROM vault_labelbatch"),
    (RESEARCHER, "UPDATE vault_labelprovider SET digest = ''"),
    (RESEARCHER, "UPDATE vault_unranking SET reason = ''"),
    (AUDIT, "INSERT INTO vault_unranking SELECT * FROM vault_unranking"),
    # Who was linked to whom is for researchers: not even the worker whose findings it is about reads it.
    *[
        (role, statement)
        for role in ROLES
        if role != RESEARCHER
        for statement in (
            "SELECT * FROM vault_accountlink",
            "SELECT * FROM vault_accountlink_teams",
            "SELECT * FROM vault_accountappeal",
        )
    ],
    *[
        (role, statement)
        for role in ROLES
        for statement in (
            "UPDATE vault_accountlink SET reason = ''",
            "DELETE FROM vault_accountlink",
            "DELETE FROM vault_accountlink_teams",
            "UPDATE vault_accountappeal SET text = ''",
            "DELETE FROM vault_accountappeal",
        )
    ],
    (RESEARCHER, "SELECT ciphertext FROM vault_sealedblob"),
    (RESEARCHER, "SELECT envelope FROM vault_wrappedkey"),
    (RESEARCHER, "SELECT envelope FROM vault_drawkey"),
    (RESEARCHER, "SELECT envelope FROM vault_sealedcorrection"),
    (RESEARCHER, "SELECT entropy FROM vault_roundsecret"),
    (RESEARCHER, "SELECT state FROM vault_mechanismstate"),
    (RESEARCHER, "INSERT INTO vault_rawscore (value) VALUES (1)"),
    (RESEARCHER, "SELECT score FROM vault_releaseinput"),
    (RESEARCHER, "UPDATE vault_submission SET status = 'SCORED'"),
    (RESEARCHER, "UPDATE vault_round SET mechanism = 'exact'"),
    (RESEARCHER, "UPDATE vault_round SET total_limit = 1000000"),
    (RESEARCHER, "UPDATE vault_admission SET is_blind = true"),
    (RESEARCHER, "UPDATE vault_roundnotice SET reason = ''"),
    (WEB, "INSERT INTO vault_roundnotice SELECT * FROM vault_roundnotice"),
    (SCORING, "INSERT INTO vault_lateallowance SELECT * FROM vault_lateallowance"),
    (SCORING, "UPDATE vault_round SET audited_at = now()"),
    (SCORING, "UPDATE vault_round SET closes_at = now()"),
    (AUDIT, "UPDATE vault_round SET closes_at = now()"),
    (AUDIT, "UPDATE vault_round SET opened_at = now()"),
    (RESEARCHER, "UPDATE vault_teamtoken SET digest = ''"),
    (RESEARCHER, "DELETE FROM vault_round_fresh_holdouts"),
    (RESEARCHER, "UPDATE vault_final SET submission_id = NULL"),
    (RESEARCHER, "UPDATE auth_group SET name = ''"),
    (RESEARCHER, "INSERT INTO vault_disclosedfile SELECT * FROM vault_disclosedfile"),
    (WEB, "INSERT INTO vault_disclosurerequest SELECT * FROM vault_disclosurerequest"),
    (AUDIT, "INSERT INTO vault_disclosurerequest SELECT * FROM vault_disclosurerequest"),
    (SCORING, "SELECT file_key FROM vault_disclosedfile"),
    *[(role, "UPDATE vault_disclosedfile SET sha256 = ''") for role in ROLES],
    *[(role, "DELETE FROM vault_disclosurerequest") for role in ROLES],
    (SCORING, "UPDATE vault_holdout SET status = 'QUERY'"),
    (SCORING, "INSERT INTO vault_wrappedkey SELECT * FROM vault_wrappedkey"),
    (SCORING, "INSERT INTO audits_finding SELECT * FROM audits_finding"),
    (SCORING, "SELECT password FROM auth_user"),
    (AUDIT, "SELECT entropy FROM vault_roundsecret"),
    (AUDIT, "INSERT INTO vault_release SELECT * FROM vault_release"),
    (AUDIT, "INSERT INTO vault_rawscore SELECT * FROM vault_rawscore"),
    (AUDIT, "SELECT password FROM auth_user"),
    *[(role, "INSERT INTO vault_journalentry (sequence) VALUES (1)") for role in ROLES],
    *[
        (role, "INSERT INTO vault_signedhead (number) VALUES (1)")
        for role in ROLES
        if role != AUDIT
    ],
    *[(role, "UPDATE vault_signedhead SET hash = ''") for role in ROLES],
    *[(role, "DELETE FROM vault_signedhead") for role in ROLES],
    *[(role, "INSERT INTO vault_signingkey (kid) VALUES ('')") for role in ROLES],
    *[(role, "UPDATE vault_signingkey SET public_key = ''") for role in ROLES],
    *[(role, "DELETE FROM vault_signingkey") for role in ROLES],
    *[(role, "UPDATE vault_journalentry SET payload = ''") for role in ROLES],
    *[(role, "DELETE FROM vault_journalentry") for role in ROLES],
    *[(role, "UPDATE vault_journalhead SET sequence = 0") for role in ROLES],
    *[(role, "TRUNCATE vault_journalentry") for role in ROLES],
    *[(role, "ALTER TABLE vault_journalentry DISABLE TRIGGER ALL") for role in ROLES],
]


@pytest.mark.parametrize(("role", "statement"), FORBIDDEN)
def test_role_is_refused(role: str, statement: str) -> None:
    """Invariants 4 and 8: the web and admin read no sealed thing, and nobody rewrites the journal."""
    run(f"SET ROLE {role}")

    with (
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
        transaction.atomic(),
    ):
        run(statement)


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        (WEB, "SELECT value FROM vault_release"),
        (WEB, "SELECT signature FROM vault_signedhead"),
        (WEB, "SELECT public_key FROM vault_signingkey"),
        (RESEARCHER, "SELECT evidence FROM audits_finding"),
        (SCORING, "SELECT ciphertext FROM vault_sealedblob"),
        (AUDIT, "SELECT envelope FROM vault_wrappedkey"),
    ],
)
def test_role_may_do_its_work(role: str, statement: str) -> None:
    run(f"SET ROLE {role}")

    assert rows(statement) == []
