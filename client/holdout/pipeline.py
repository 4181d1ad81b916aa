"""What a pipeline says of itself in its environment: GitHub's and GitLab's names."""

from collections.abc import Mapping


def commit(environment: Mapping[str, str]) -> str:
    return environment.get("GITHUB_SHA") or environment.get("CI_COMMIT_SHA") or ""


def run_url(environment: Mapping[str, str]) -> str:
    names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    server, repository, run = (environment.get(name, "") for name in names)
    if server and repository and run:
        return f"{server}/{repository}/actions/runs/{run}"
    return environment.get("CI_JOB_URL", "")
