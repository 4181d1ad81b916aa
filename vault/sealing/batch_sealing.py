"""Seal a batch of awaited labels where they live: `python3 run.py seal-batch FILE ...`.

It needs no service, no database and no private key. What it writes is sent to the API as it is, and only the
audit worker opens it.
"""

import argparse
import base64
import binascii
import csv
import hashlib
import io
import sys
from pathlib import Path

from vault.errors import EnvelopeError
from vault.files.batch_tables import COLUMNS
from vault.sealing import batch_format, crypto
from vault.sealing.batch_format import Envelope

PUBLIC_KEY_BYTES = 32


def sealed(*, body: bytes, benchmark: str, holdout: str, public_key: bytes) -> bytes:
    """Encrypt a CSV file for the audit key; the labels themselves are checked by the worker that opens it."""
    if len(public_key) != PUBLIC_KEY_BYTES:
        raise EnvelopeError(f"a public key has {PUBLIC_KEY_BYTES} bytes", field="key")
    encrypted = crypto.encrypt(batch_format.padded(body, labels=_labels(body)))
    info = batch_format.info(
        benchmark=benchmark,
        holdout=holdout,
        ciphertext_sha256=hashlib.sha256(encrypted.ciphertext).hexdigest(),
    )
    envelope = Envelope(
        benchmark=benchmark,
        holdout=holdout,
        kid=crypto.kid_of(public_key),
        wrapped_key=crypto.wrap(encrypted.data_key, public_key, info),
        ciphertext=encrypted.ciphertext,
    )
    return batch_format.written(envelope)


def main(arguments: list[str]) -> int:
    """Return the exit code: 0 if the envelope was written, 2 if not."""
    options = _parser().parse_args(arguments)
    try:
        content = sealed(
            body=options.file.read_bytes(),
            benchmark=options.benchmark,
            holdout=options.holdout,
            public_key=options.audit_key,
        )
        options.output.write_bytes(content)
    except (EnvelopeError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _labels(body: bytes) -> list[str]:
    """Read the labels for their lengths alone; refuse a header that is another."""
    try:
        rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))
    except (UnicodeDecodeError, csv.Error):
        raise EnvelopeError("the file is not CSV in UTF-8", field="") from None
    if not rows or tuple(rows[0]) != COLUMNS:
        raise EnvelopeError(f"the first row is {','.join(COLUMNS)}", field="")
    if any(len(row) != len(COLUMNS) for row in rows[1:]):
        raise EnvelopeError(f"every row has {len(COLUMNS)} fields", field="")
    return [row[1] for row in rows[1:]]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="run.py seal-batch",
        description="Encrypt a batch of awaited labels for the audit key. Nothing is sent.",
    )
    parser.add_argument("file", type=Path, help=f"CSV: {','.join(COLUMNS)}")
    parser.add_argument("--benchmark", required=True, metavar="SLUG")
    parser.add_argument("--holdout", required=True, metavar="ID")
    parser.add_argument(
        "--audit-key",
        required=True,
        type=_key,
        metavar="BASE64",
        help="as the API shows it: audit_key.public_key of the prospective holdout",
    )
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="FILE")
    return parser


def _key(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise argparse.ArgumentTypeError("the key is not base64") from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
