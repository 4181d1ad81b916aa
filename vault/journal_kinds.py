"""What the journal tells of, and which role of the database may write it: the one list.

`manage.py grant_roles`, which every upgrade runs, writes it into the database, where `journal_append`
refuses what is not in it; so a new kind is a line here and no migration. The database's owner, who could
change the function, may write anything.
"""

from dataclasses import dataclass

# The roles of `config.grants`.
WEB, RESEARCHER, SCORING, AUDIT = "web", "researcher", "scoring", "audit"
WORKERS = (SCORING, AUDIT)


@dataclass(frozen=True, kw_only=True)
class Kind:
    name: str
    roles: tuple[str, ...]
    sentence: str
    # Of the chain that is about no benchmark.
    is_of_installation: bool = False


def _of(name: str, roles: str | tuple[str, ...], sentence: str, *, own: bool = False) -> Kind:
    listed = (roles,) if isinstance(roles, str) else roles
    return Kind(name=name, roles=listed, sentence=sentence, is_of_installation=own)


KINDS = (
    # A benchmark and its labels.
    _of("benchmark_created", RESEARCHER, "a benchmark was made, with all that it says"),
    _of("benchmark_changed", RESEARCHER, "what an organizer changed of a benchmark"),
    _of(
        "seal",
        RESEARCHER,
        "a label file was drawn into holdouts and sealed, with their commitments",
    ),
    _of(
        "holdout_status",
        (RESEARCHER, AUDIT),
        "a holdout became fresh, the query holdout, or retired",
    ),
    _of("open_labels", WORKERS, "a worker opened labels: written before it used them"),
    _of(
        "disclosure_requested",
        RESEARCHER,
        "an organizer asked for a holdout's labels to be published",
    ),
    _of("holdout_disclosed", AUDIT, "a holdout's labels and salt were published"),
    _of(
        "correction_requested", RESEARCHER, "an organizer asked for labels to be voided or replaced"
    ),
    _of("labels_corrected", AUDIT, "labels got another version"),
    _of("correction_refused", AUDIT, "a correction was not made, and why"),
    _of("envelope_opened", AUDIT, "the audit worker opened an envelope, to verify it"),
    _of("seal_verified", AUDIT, "labels that were sealed elsewhere are what was said"),
    _of("seal_refused", AUDIT, "labels that were sealed elsewhere are not what was said"),
    _of("open_draw", AUDIT, "the audit worker opened what a draw was made of"),
    _of("draw_disclosed", AUDIT, "what a draw was made of was published"),
    _of("items_published", RESEARCHER, "items were published whose labels come later"),
    _of("label_provider_added", RESEARCHER, "somebody may deliver labels that come later"),
    _of("label_provider_revoked", RESEARCHER, "somebody may deliver labels no more"),
    _of("open_batch", AUDIT, "the audit worker opened a batch of late labels"),
    _of("batch_received", WEB, "a label provider delivered a batch of late labels"),
    _of("batch_accepted", AUDIT, "a batch of late labels became a version"),
    _of("batch_refused", AUDIT, "a batch of late labels was refused"),
    _of("prospective_scored", AUDIT, "locked finals were scored on labels that came later"),
    _of("open_for_rotation", AUDIT, "the audit worker opened what is sealed, to encrypt it anew"),
    _of("keys_rotated", WORKERS, "envelopes or labels were sealed for another key"),
    # A round.
    _of("round_planned", RESEARCHER, "a round was planned, with all its constants"),
    _of("round_open", (RESEARCHER, SCORING), "a round opened, and its references were frozen"),
    _of("round_closing", (RESEARCHER, *WORKERS), "a round took nothing new from then on"),
    _of("round_closed", WORKERS, "a round's queue was empty, and its finals were locked"),
    _of("round_audited", AUDIT, "a round's audit was done"),
    _of("round_published", AUDIT, "a round's results were published"),
    _of("round_cancelled", RESEARCHER, "a planned round was cancelled, with the reason"),
    _of("round_rescored", SCORING, "a round's files were scored again as a new transcript"),
    _of("deadline_moved", RESEARCHER, "a round's end was moved, with the reason"),
    _of("queries_added", RESEARCHER, "a team got more queries, with the reason"),
    _of("late_allowed", RESEARCHER, "a team may hand in after the end, with the reason"),
    _of("late_withdrawn", RESEARCHER, "a team may hand in late no more, with the reason"),
    _of("admit", RESEARCHER, "a team was admitted to a round: its queries and reserved nats"),
    _of("reference_received", (WEB, RESEARCHER), "a reference team's file came in"),
    _of("reference_doubted", SCORING, "a reference is so good that it may be the label file"),
    _of("team_unranked", RESEARCHER, "a team has no rank in a round, with the reason"),
    _of("team_reranked", RESEARCHER, "a team has its rank in a round again, with the reason"),
    _of("accounts_linked", RESEARCHER, "a reviewer says that accounts belong together, and why"),
    _of("accounts_unlinked", RESEARCHER, "a link of accounts was taken back, with the reason"),
    _of("appeal_recorded", RESEARCHER, "what a team says against a link of its account"),
    _of("teams_merged", RESEARCHER, "one team stands for two in a round, with the reason"),
    _of("states_merged", SCORING, "from which answer on two merged teams have one memory"),
    # Submissions.
    _of("release", SCORING, "a score became an answer: with seed, constants and what was told"),
    _of(
        "scoring_failed",
        SCORING,
        "a file could not be scored, and whether its query was given back",
    ),
    _of("submission_cancelled", WEB, "a team cancelled a file that waited"),
    _of("refund", (WEB, SCORING), "a reserved query was given back, and why"),
    # Audit and publication.
    _of("audit_requested", RESEARCHER, "a person asked for a round's audit"),
    _of("audit", AUDIT, "an audit ran, with the seed of its random numbers"),
    _of("audit_repeated", RESEARCHER, "an audit was made again beside the earlier one"),
    _of("publication_requested", RESEARCHER, "a person asked for a round's publication"),
    _of(
        "document_published", AUDIT, "what was published of a round, as the SHA-256 of its document"
    ),
    _of("verdict", AUDIT, "what a publication says of one team"),
    _of("fresh_figures_published", AUDIT, "what publishing told of a fresh holdout, in nats"),
    _of("head_signed", AUDIT, "the head behind this entry was signed"),
    # The installation: who may act, and for whom.
    _of("person_created", RESEARCHER, "a superuser made an account of the admin", own=True),
    _of("person_changed", RESEARCHER, "a superuser changed a person's role or rights", own=True),
    _of("person_deactivated", RESEARCHER, "a superuser shut an account", own=True),
    _of("person_activated", RESEARCHER, "a superuser opened an account again", own=True),
    _of("password_link_made", RESEARCHER, "a superuser ended a password and made a link", own=True),
    _of("team_created", RESEARCHER, "an organizer made a team", own=True),
    _of("team_changed", RESEARCHER, "a team's title was changed, or it was deactivated", own=True),
    _of("team_merged", RESEARCHER, "a team ended, and another stands for it", own=True),
    _of("token_issued", (WEB, RESEARCHER), "a team got a token, named by how it begins", own=True),
    _of("token_rotated", WEB, "a token took the place of another", own=True),
    _of("token_revoked", (WEB, RESEARCHER), "a token ended, and all that it made", own=True),
    _of("token_link_made", RESEARCHER, "a one-time link to a token was made", own=True),
    _of("token_link_used", WEB, "a one-time link showed its token", own=True),
    _of("installation_head_signed", AUDIT, "the head behind this entry was signed", own=True),
    _of("token_links_cancelled", RESEARCHER, "a team's waiting one-time links ended", own=True),
)
