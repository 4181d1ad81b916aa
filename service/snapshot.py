"""The code that the embedded service runs: a copy of the project as it was at the start.

A process that dies is started again and reads the code anew, while a worker's children are forked from a
parent that read it once. If all of them read the project's directory, an update of it would reach some and
not others, and the database would still have the old tables. So all processes of a service run one version,
whatever happens to the directory; the next start takes the new one. The service's account can read a copy
where it cannot read the project.
"""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PACKAGES = ("service", "config", "lab", "audits", "webhooks", "vault", "stats", "manage.py")
COMPLETE = "complete"


def fingerprint(project: Path) -> str:
    """Hash the names and contents of all files that the service may run."""
    digest = hashlib.sha256()
    for path in _files(project):
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            continue  # it is being updated
        for part in (str(path.relative_to(project)).encode(), content):
            digest.update(len(part).to_bytes(8))
            digest.update(part)
    return digest.hexdigest()


def take(*, home: Path, project: Path) -> Path:
    """Make the directory of a copy in the state directory; copies of other versions are removed."""
    copies = home / "code"
    while not ((copy := copies / fingerprint(project)[:16]) / COMPLETE).exists():
        shutil.rmtree(copies, ignore_errors=True)
        _copy(project, copy)
        # Unless the project was changed meanwhile: the name says what is in it.
        if fingerprint(copy).startswith(copy.name):
            (copy / COMPLETE).touch()
    for other in copies.iterdir():
        if other != copy:
            shutil.rmtree(other, ignore_errors=True)
    return copy


def is_current(code: Path, *, project: Path) -> bool:
    """Tell whether a copy is what the project's directory holds now; so is code that is no copy."""
    return not (code / COMPLETE).exists() or fingerprint(project).startswith(code.name)


def _files(project: Path) -> Iterator[Path]:
    for name in PACKAGES:
        path = project / name
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (each for each in found if "__pycache__" not in each.parts and each.is_file())


def _copy(project: Path, copy: Path) -> None:
    """Open to other accounts, whatever the project's files are: the programs run as these."""
    for source in _files(project):
        target = copy / source.relative_to(project)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        target.chmod(0o644)
    for directory in [copy.parent, copy, *(each for each in copy.rglob("*") if each.is_dir())]:
        directory.chmod(0o755)
    # At once and by all cores: the service's account cannot write here, and each process would do it again.
    command = [sys.executable, "-P", "-m", "compileall", "-q", "-j", "0", str(copy)]
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
    for directory in copy.rglob("__pycache__"):
        directory.chmod(0o755)
        for compiled in directory.iterdir():
            compiled.chmod(0o644)
