"""The API's routes: the whole public surface of the service."""

from django.urls import path

from audits.api import AuditDetail, AuditList
from audits.pages import AuditPage, PublicationFeed
from vault.api.benchmarks import (
    BenchmarkDetail,
    BenchmarkList,
    DisclosedLabels,
    PanelTemplate,
    RoundList,
)
from vault.api.draws import DrawFile, SealingKeys
from vault.api.entrance import EntranceForPeople, EntranceForPrograms
from vault.api.heads import HeadDetail, HeadList, InstallationHeadDetail, SigningKeyList
from vault.api.openapi.serving import DescriptionAsJson, DescriptionAsPage, DescriptionAsYaml
from vault.api.prospective import (
    BatchCollection,
    BatchDetail,
    ProspectiveDetail,
    ProspectiveResults,
)
from vault.api.results import BudgetDetail, LeaderboardDetail
from vault.api.service import Liveness, ProblemType, Readiness
from vault.api.submissions import (
    SubmissionCollection,
    SubmissionDetail,
    SubmissionFile,
    SubmissionFinal,
    SubmissionWithdrawal,
)
from vault.api.token_links import TokenLinkPage, TokenLinkRedemption
from vault.api.tokens import TokenCollection, TokenDetail, TokenRotation
from vault.api.validate import Validation
from vault.pages.badges import Badge
from vault.pages.benchmarks import BenchmarkPage, SubmitPage
from vault.pages.boards import BoardPage
from vault.teams import token_links
from webhooks.api import (
    WebhookCollection,
    WebhookDeliveries,
    WebhookDetail,
    WebhookRotation,
    WebhookTest,
)

V1 = "api/v1/"
BENCHMARK = V1 + "benchmarks/<slug:slug>/"
WEBHOOK = V1 + "webhooks/<uuid:webhook_id>/"
PROSPECTIVE = BENCHMARK + "prospective/<uuid:holdout_id>/"
FOR_PEOPLE = "benchmarks/<slug:slug>/"
SUBMISSION = V1 + "submissions/<uuid:submission_id>/"

urlpatterns = [
    # First, because it is asked for more often than all others.
    path(SUBMISSION, SubmissionDetail.as_view(), name="submission"),
    path("", EntranceForPeople.as_view(), name="entrance"),
    path(FOR_PEOPLE, BenchmarkPage.as_view(), name="benchmark-page"),
    path(FOR_PEOPLE + "board/", BoardPage.as_view(), name="board-page"),
    path(FOR_PEOPLE + "submit/", SubmitPage.as_view(), name="submit-page"),
    path(FOR_PEOPLE + "badge.svg", Badge.as_view(), name="badge"),
    path(FOR_PEOPLE + "rounds/<int:round>/audit/", AuditPage.as_view(), name="audit-page"),
    path("publications.atom", PublicationFeed.as_view(), name="publications"),
    path(V1, EntranceForPrograms.as_view(), name="entrance-json"),
    path(V1 + "benchmarks/", BenchmarkList.as_view(), name="benchmarks"),
    path(BENCHMARK, BenchmarkDetail.as_view(), name="benchmark"),
    path(BENCHMARK + "rounds/", RoundList.as_view(), name="rounds"),
    path(
        BENCHMARK + "rounds/<int:number>/prospective/",
        ProspectiveResults.as_view(),
        name="prospective-results",
    ),
    path(PROSPECTIVE, ProspectiveDetail.as_view(), name="prospective"),
    path(PROSPECTIVE + "batches/", BatchCollection.as_view(), name="batches"),
    path(PROSPECTIVE + "batches/<uuid:batch_id>/", BatchDetail.as_view(), name="batch"),
    path(BENCHMARK + "panel/", PanelTemplate.as_view(), name="panel"),
    path(
        BENCHMARK + "holdouts/<uuid:holdout_id>/labels/",
        DisclosedLabels.as_view(),
        name="disclosed-labels",
    ),
    path(BENCHMARK + "sealing-keys/", SealingKeys.as_view(), name="sealing-keys"),
    path(BENCHMARK + "draws/<uuid:batch>/", DrawFile.as_view(), name="disclosed-draw"),
    path(BENCHMARK + "submissions/", SubmissionCollection.as_view(), name="submissions"),
    path(BENCHMARK + "validate/", Validation.as_view(), name="validate"),
    path(BENCHMARK + "budget/", BudgetDetail.as_view(), name="budget"),
    path(BENCHMARK + "leaderboard/", LeaderboardDetail.as_view(), name="leaderboard"),
    path(BENCHMARK + "audits/", AuditList.as_view(), name="audits"),
    path(BENCHMARK + "journal/head/", HeadDetail.as_view(), name="journal-head"),
    path(BENCHMARK + "journal/heads/", HeadList.as_view(), name="journal-heads"),
    path(V1 + "journal/head/", InstallationHeadDetail.as_view(), name="installation-head"),
    path(V1 + "signing-keys/", SigningKeyList.as_view(), name="signing-keys"),
    path(SUBMISSION + "file/", SubmissionFile.as_view(), name="submission-file"),
    path(SUBMISSION + "final/", SubmissionFinal.as_view(), name="submission-final"),
    path(SUBMISSION + "withdraw/", SubmissionWithdrawal.as_view(), name="submission-withdraw"),
    path(V1 + "tokens/", TokenCollection.as_view(), name="tokens"),
    path(V1 + "tokens/<int:token_id>/", TokenDetail.as_view(), name="token"),
    path(V1 + "tokens/<int:token_id>/rotate/", TokenRotation.as_view(), name="token-rotate"),
    path(V1 + "token-links/redeem/", TokenLinkRedemption.as_view(), name="token-link"),
    path(token_links.PAGE, TokenLinkPage.as_view(), name="token-link-page"),
    path(V1 + "webhooks/", WebhookCollection.as_view(), name="webhooks"),
    path(WEBHOOK, WebhookDetail.as_view(), name="webhook"),
    path(WEBHOOK + "deliveries/", WebhookDeliveries.as_view(), name="webhook-deliveries"),
    path(WEBHOOK + "rotate/", WebhookRotation.as_view(), name="webhook-rotate"),
    path(WEBHOOK + "test/", WebhookTest.as_view(), name="webhook-test"),
    path(V1 + "audits/<int:audit_id>/", AuditDetail.as_view(), name="audit"),
    path(V1 + "openapi.json", DescriptionAsJson.as_view(), name="description-json"),
    path(V1 + "openapi.yaml", DescriptionAsYaml.as_view(), name="description-yaml"),
    path(V1 + "docs/", DescriptionAsPage.as_view(), name="description-page"),
    path("problems/<slug:code>", ProblemType.as_view(), name="problem-type"),
    path("healthz", Liveness.as_view(), name="healthz"),
    path("readyz", Readiness.as_view(), name="readyz"),
]

handler400 = "vault.api.problems.handle_400"
handler403 = "vault.api.problems.handle_403"
handler404 = "vault.api.nowhere.handle_404"
handler500 = "vault.api.problems.handle_500"
