"""What each database role may do: the one allow-list. `manage.py grant_roles` makes the database agree.

A column list narrows a privilege to those columns. What is not listed is not granted.
"""

from dataclasses import dataclass

WEB = "web"
RESEARCHER = "researcher"
SCORING = "scoring"
AUDIT = "audit"
ROLES = (WEB, RESEARCHER, SCORING, AUDIT)

ALL = ("SELECT", "INSERT", "UPDATE", "DELETE")


@dataclass(frozen=True, kw_only=True)
class Grant:
    role: str
    table: str
    privilege: str
    columns: tuple[str, ...] = ()


def _grants(role: str, table: str, *privileges: str) -> list[Grant]:
    grants = []
    for privilege in privileges:
        name, _, columns = privilege.partition(" ")
        listed = tuple(sorted(column.strip() for column in columns.split(",") if column.strip()))
        grants.append(Grant(role=role, table=table, privilege=name, columns=listed))
    return grants


def _reads(role: str, *tables: str) -> list[Grant]:
    """Grant the role to read tables whole, and to change nothing in them."""
    return [Grant(role=role, table=table, privilege="SELECT") for table in tables]


# The scoring worker's sweeper opens and closes rounds, the audit worker closes, audits and publishes them.
# Triggers hold each time to the step that it belongs to, and `closes_at` to a posted notice.
ROUND_SWEEPING = "UPDATE status,opened_at,stopped_at,closed_at"
ROUND_AUDITING = "UPDATE status,closed_at,audited_at,published_at"
ROUND_ACTS = "UPDATE status,opened_at,stopped_at,closes_at,cancelled_at,cancelled_reason"
SUBMISSION_WORK = (
    "UPDATE status,finished_at,error_code,fence,claimed_at,leased_until,"
    "n_exceptions,n_faults,retry_at"
)
REWRAPPING = "UPDATE envelope,sealing_key_id,suite"
RENEWAL = "UPDATE last_used_at,expires_at,revoked_at,made_by_id"
WEBHOOK_WORK = "UPDATE is_active,noted_until,secret_version,old_secret_until"
DELIVERY_WORK = "UPDATE status,n_attempts,next_attempt_at,last_attempt_at,last_result"
BATCH_WORK = "UPDATE status,settled_at,n_rows,version,problems"
FINAL_CHOICE = "UPDATE submission_id,is_declared,chosen_at"

GRANTS: list[Grant] = [
    # web: receives submissions, shows releases and tells webhooks. It never reads a raw score or a blob.
    *_reads(
        WEB,
        *("vault_benchmark", "vault_panel", "vault_holdout", "vault_round"),
        *("vault_round_fresh_holdouts", "vault_team", "vault_release", "vault_roundreference"),
        *("vault_publishedresult", "vault_unranking", "vault_holdouttold", "audits_publication"),
        "audits_repeatedaudit",
        # Where the labels of a disclosed holdout are, and why they were published.
        *("vault_disclosurerequest", "vault_disclosedfile"),
        # Two teams that are one have one budget and one row.
        *("vault_teammerge", "vault_teammerge_rounds"),
        # Commitments, which everybody may keep: to labels, and to the seeds of draws.
        *("vault_labelversion", "vault_draw", "vault_discloseddraw"),
        # When answers became current, for the event that tells of it.
        "vault_transcript",
        # Anybody may keep a head of a journal, which itself is not for this role.
        *("vault_signedhead", "vault_signingkey"),
        # What organizers changed about a round, and who may hand in late.
        *("vault_roundnotice", "vault_lateallowance"),
    ),
    # For whom labels are sealed: anybody may have the public keys.
    *_grants(WEB, "vault_sealingkey", "SELECT"),
    # What is awaited, and rows of it that everybody reads.
    *_reads(WEB, "vault_awaitedlabels", "vault_prospectivelook", "vault_prospectiveresult"),
    *_reads(WEB, "vault_labelprovider"),
    # Batches arrive shut: it tells their provider what became of them, and never reads an envelope.
    *_grants(WEB, "vault_labelbatch", "SELECT", "INSERT"),
    *_grants(WEB, "vault_batchenvelope", "INSERT", "SELECT batch_id"),
    # How many items corrections left out: what is proven of a round's answers is said for the rest.
    *_grants(WEB, "vault_correctionrequest", "SELECT batch,what,n_items,done_at"),
    *_grants(WEB, "vault_teamtoken", "SELECT", "INSERT", RENEWAL),
    *_grants(WEB, "vault_tokenlink", "SELECT", "UPDATE used_at,token_id"),
    *_grants(WEB, "vault_idempotentanswer", *ALL),
    *_grants(WEB, "webhooks_webhook", "SELECT", "INSERT", "DELETE", WEBHOOK_WORK),
    *_grants(WEB, "webhooks_webhookdelivery", "SELECT", "INSERT", "DELETE", DELIVERY_WORK),
    *_grants(WEB, "vault_admission", "SELECT", "UPDATE k"),
    *_grants(WEB, "vault_budgetentry", "SELECT", "INSERT"),
    *_grants(WEB, "vault_submission", "SELECT", "INSERT", "UPDATE status,finished_at"),
    *_grants(WEB, "vault_final", "SELECT", "INSERT", "DELETE", FINAL_CHOICE),
    # researcher: the admin's process. It seals, opens rounds and reads audits; labels stay shut.
    *_reads(
        RESEARCHER,
        *("auth_user_user_permissions", "auth_group", "auth_group_permissions"),
        *("auth_permission", "django_content_type", "vault_sealingkey", "webhooks_webhook"),
        *("webhooks_webhookdelivery", "vault_budgetentry", "vault_final", "vault_release"),
        *("vault_rawscore", "vault_publishedresult", "vault_journalentry", "vault_journalhead"),
        "vault_installationhead",
        *("audits_auditrun", "audits_finding", "audits_report", "audits_publication"),
        "audits_repeatedaudit",
        "vault_disclosedfile",
        # Whether answers of a round are being given again.
        "vault_transcript",
        # The page that verifies chains holds them to what was signed.
        *("vault_signedhead", "vault_signingkey"),
    ),
    # Superusers make accounts here; none is ever deleted, and rights are given by role alone.
    *_grants(RESEARCHER, "auth_user", "SELECT", "INSERT", "UPDATE"),
    *_grants(RESEARCHER, "auth_user_groups", "SELECT", "INSERT", "DELETE"),
    *_grants(RESEARCHER, "django_session", *ALL),
    *_grants(RESEARCHER, "django_admin_log", "SELECT", "INSERT"),
    *_grants(RESEARCHER, "vault_signinfailures", *ALL),
    *_grants(RESEARCHER, "vault_benchmark", "SELECT", "INSERT", "UPDATE"),
    *_grants(RESEARCHER, "vault_panel", "SELECT", "INSERT"),
    *_grants(RESEARCHER, "vault_holdout", "SELECT", "INSERT", "UPDATE status"),
    *_grants(RESEARCHER, "vault_labelversion", "SELECT", "INSERT"),
    *_grants(RESEARCHER, "vault_sealedblob", "INSERT", "SELECT version_id"),
    # For which key each is sealed; not the envelope.
    *_grants(RESEARCHER, "vault_wrappedkey", "INSERT", "SELECT id,sealing_key_id,version_id"),
    # It seals a draw's seed, and takes envelopes in; it reads of them what is public.
    *_grants(RESEARCHER, "vault_draw", "SELECT", "INSERT"),
    *_grants(RESEARCHER, "vault_drawrecord", "INSERT", "SELECT draw_id"),
    # For which key each is sealed; not the envelope.
    *_grants(RESEARCHER, "vault_drawkey", "INSERT", "SELECT id,draw_id,sealing_key_id"),
    *_grants(RESEARCHER, "vault_discloseddraw", "SELECT"),
    *_grants(RESEARCHER, "vault_sealedenvelope", "SELECT", "INSERT"),
    *_grants(RESEARCHER, "vault_round", "SELECT", "INSERT", ROUND_ACTS),
    *_grants(RESEARCHER, "vault_roundsecret", "INSERT", "SELECT round_id"),
    *_grants(RESEARCHER, "vault_round_fresh_holdouts", "SELECT", "INSERT"),
    *_grants(RESEARCHER, "vault_team", "SELECT", "INSERT", "UPDATE"),
    *_grants(RESEARCHER, "vault_teamtoken", "SELECT", "INSERT", "UPDATE revoked_at"),
    *_grants(RESEARCHER, "vault_tokenlink", "SELECT", "INSERT", "UPDATE expires_at"),
    # A team is given more queries: a trigger asks for the notice that says so.
    *_grants(RESEARCHER, "vault_admission", "SELECT", "INSERT", "UPDATE k,reserved_nats"),
    *_grants(RESEARCHER, "vault_roundnotice", "SELECT", "INSERT"),
    *_grants(RESEARCHER, "vault_lateallowance", "SELECT", "INSERT"),
    # Files of references: a trigger refuses those of teams, whom this role cannot charge.
    *_grants(RESEARCHER, "vault_submission", "SELECT", "INSERT"),
    *_grants(RESEARCHER, "vault_roundreference", "SELECT", "INSERT"),
    *_grants(RESEARCHER, "vault_unranking", "SELECT", "INSERT"),
    *_grants(RESEARCHER, "vault_holdouttold", "SELECT", "INSERT"),
    # It merges teams; the scoring worker, which alone reads their memories, joins these.
    *_grants(RESEARCHER, "vault_teammerge", "SELECT", "INSERT"),
    *_grants(RESEARCHER, "vault_teammerge_rounds", "SELECT", "INSERT"),
    # A reviewer links accounts whose files are alike, and records what teams say: for researchers alone.
    # A link names its accounts in rows of its own, and nothing of all that is ever edited.
    *_grants(RESEARCHER, "vault_accountlink", "SELECT", "INSERT"),
    *_grants(RESEARCHER, "vault_accountlink_teams", "SELECT", "INSERT"),
    *_grants(RESEARCHER, "vault_accountappeal", "SELECT", "INSERT"),
    # It publishes items without labels, and makes and ends the tokens of label providers.
    *_grants(RESEARCHER, "vault_awaitedlabels", "SELECT", "INSERT"),
    *_grants(RESEARCHER, "vault_labelprovider", "SELECT", "INSERT", "UPDATE revoked_at"),
    # It sees batches come, and not what is in them: exact scores of two looks could tell one item's label.
    *_reads(RESEARCHER, "vault_labelbatch", "vault_prospectivelook", "vault_prospectiveresult"),
    # For which key each came: what is left for an older one shows before that is taken away.
    *_grants(RESEARCHER, "vault_batchenvelope", "SELECT batch_id,kid"),
    # It asks for a disclosure, and the audit worker, which has the key, makes it.
    *_grants(RESEARCHER, "vault_disclosurerequest", "SELECT", "INSERT"),
    # So with a correction: what it holds is sealed for the audit worker, and not read again here.
    *_grants(RESEARCHER, "vault_correctionrequest", "SELECT", "INSERT"),
    # Only for which key it is sealed.
    *_grants(RESEARCHER, "vault_sealedcorrection", "INSERT", "SELECT request_id,sealing_key_id"),
    # scoring: claims submissions, opens query holdouts, releases scores, sweeps.
    *_reads(
        SCORING,
        *("vault_benchmark", "vault_panel", "vault_holdout", "vault_sealingkey"),
        *("vault_labelversion", "vault_sealedblob", "vault_wrappedkey", "vault_roundsecret"),
        # Whoever may be late keeps a round from closing.
        *("vault_round_fresh_holdouts", "vault_team", "vault_lateallowance"),
        *("vault_teammerge", "vault_teammerge_rounds"),
        # For `verify_journal`, which runs in its place.
        *("vault_journalentry", "vault_journalhead", "vault_signedhead", "vault_signingkey"),
        "vault_installationhead",
    ),
    # It wraps for a later key of its own; a trigger refuses any other.
    *_grants(SCORING, "vault_wrappedkey", REWRAPPING),
    *_grants(SCORING, "vault_round", "SELECT", f"{ROUND_SWEEPING},transcript"),
    # It gives all answers of a round again where labels were corrected, and makes them current.
    *_grants(SCORING, "vault_transcript", "SELECT", "UPDATE current_at"),
    # The sweeper forgets what has expired.
    *_grants(SCORING, "vault_idempotentanswer", "SELECT expires_at,id,team_id", "DELETE"),
    *_grants(SCORING, "vault_admission", "SELECT", "UPDATE k"),
    *_grants(SCORING, "vault_budgetentry", "SELECT", "INSERT"),
    *_grants(SCORING, "vault_submission", "SELECT", SUBMISSION_WORK),
    # A final that nobody declared follows the answers that count.
    *_grants(SCORING, "vault_final", "SELECT", "INSERT", "UPDATE submission_id,chosen_at"),
    *_grants(SCORING, "vault_rawscore", "SELECT", "INSERT"),
    *_grants(SCORING, "vault_releaseinput", "SELECT", "INSERT"),
    *_grants(SCORING, "vault_mechanismstate", "SELECT", "INSERT", "UPDATE"),
    *_grants(SCORING, "vault_release", "SELECT", "INSERT"),
    *_grants(SCORING, "vault_mergedstate", "SELECT", "INSERT"),
    # Planned rounds are opened by its sweeper.
    *_grants(SCORING, "vault_roundreference", "SELECT", "INSERT"),
    *_grants(SCORING, "vault_holdouttold", "SELECT", "INSERT"),
    # audit: opens fresh holdouts, writes findings, publishes, turns the conveyor.
    *_reads(
        AUDIT,
        *("vault_benchmark", "vault_panel", "vault_sealingkey"),
        *("vault_round_fresh_holdouts", "vault_team", "vault_admission", "vault_budgetentry"),
        *("vault_submission", "vault_rawscore", "vault_release", "vault_roundreference"),
        *("vault_unranking", "vault_journalentry", "vault_disclosurerequest", "vault_signingkey"),
        *("vault_teammerge", "vault_teammerge_rounds", "vault_lateallowance"),
        # Organizers ask here for an audit to be made again.
        "vault_roundnotice",
    ),
    # It reseals the labels of a batch where they were wrong, and says what has to be scored again.
    *_grants(AUDIT, "vault_labelversion", "SELECT", "INSERT"),
    *_grants(AUDIT, "vault_sealedblob", "SELECT", "INSERT"),
    *_grants(AUDIT, "vault_transcript", "SELECT", "INSERT"),
    *_grants(AUDIT, "vault_correctionrequest", "SELECT", "UPDATE done_at,refused_at,refusal"),
    # Who may insert here may retire and disclose holdouts: a trigger asks for this right.
    *_grants(AUDIT, "vault_disclosedfile", "SELECT", "INSERT"),
    # It looks into envelopes and says what it found, and publishes the draw with the last of its shards.
    *_reads(AUDIT, "vault_draw", "vault_drawrecord", "vault_drawkey"),
    *_grants(AUDIT, "vault_sealedenvelope", "SELECT", "UPDATE status,problem,judged_at"),
    *_grants(AUDIT, "vault_discloseddraw", "SELECT", "INSERT"),
    # It counts attempts that ended it, so that none of these is made for ever.
    *_grants(AUDIT, "vault_openingattempt", "SELECT", "INSERT", "UPDATE n"),
    # It opens batches of awaited labels, makes versions of them, and scores locked finals on these.
    *_reads(AUDIT, "vault_awaitedlabels"),
    *_grants(AUDIT, "vault_labelbatch", "SELECT", BATCH_WORK),
    *_grants(AUDIT, "vault_prospectivelook", "SELECT", "INSERT"),
    *_grants(AUDIT, "vault_prospectivescore", "SELECT", "INSERT"),
    *_grants(AUDIT, "vault_prospectiveresult", "SELECT", "INSERT"),
    # It alone signs heads; the key that makes a signature is none of the database's.
    *_grants(AUDIT, "vault_signedhead", "SELECT", "INSERT"),
    *_grants(AUDIT, "vault_holdout", "SELECT", "UPDATE status"),
    *_grants(AUDIT, "vault_wrappedkey", "SELECT", "INSERT", REWRAPPING),
    # A rotation wraps anew; a deep one encrypts anew.
    *_grants(AUDIT, "vault_drawkey", REWRAPPING),
    # What was brought to it shut it reads, and wraps for a later key of its own: triggers refuse all else.
    *_grants(AUDIT, "vault_sealedcorrection", "SELECT", "UPDATE envelope,sealing_key_id"),
    *_grants(AUDIT, "vault_batchenvelope", "SELECT", "UPDATE kid,wrapped_key"),
    *_grants(AUDIT, "vault_sealedblob", "UPDATE ciphertext,sha256"),
    *_grants(AUDIT, "vault_drawrecord", "UPDATE ciphertext,sha256"),
    *_grants(AUDIT, "vault_round", "SELECT", ROUND_AUDITING),
    *_grants(AUDIT, "vault_roundsecret", "SELECT round_id,audit_seed"),
    *_grants(AUDIT, "vault_final", "SELECT", "INSERT"),
    *_grants(AUDIT, "vault_mechanismstate", "SELECT id,round_id,team_id,transcript,incumbent_id"),
    *_grants(AUDIT, "vault_publishedresult", "SELECT", "INSERT"),
    *_grants(AUDIT, "vault_holdouttold", "SELECT", "INSERT"),
    *_grants(AUDIT, "audits_auditrun", "SELECT", "INSERT", "UPDATE"),
    *_grants(AUDIT, "audits_finding", "SELECT", "INSERT"),
    *_grants(AUDIT, "audits_report", "SELECT", "INSERT"),
    *_grants(AUDIT, "audits_publication", "SELECT", "INSERT"),
    *_grants(AUDIT, "audits_repeatedaudit", "SELECT", "INSERT"),
]
