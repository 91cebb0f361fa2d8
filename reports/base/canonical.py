"""One spelling for one value: canonical JSON, and the digest that every seal, chain and store entry is made of."""

import hashlib

import rfc8785

from reports.base.errors import BadInput


def canonical_json(value: object) -> bytes:
    """RFC 8785 (JSON Canonicalization Scheme): sorted keys, ECMAScript numbers, UTF-8, no spaces.

    `1`, `1.0` and `1e0` have one spelling, and so have two tables whose keys stand in another order. Raises `BadInput`
    for NaN, infinities, integers beyond 2^53 - 1, text that is not Unicode, and values that JSON does not have.
    """
    try:
        return rfc8785.dumps(value)  # type: ignore[arg-type]  # what it cannot write, it refuses
    except RecursionError:
        raise BadInput("canonical JSON: nested too deeply, expected a few levels; flatten the value") from None
    except ValueError as error:  # rfc8785's own errors, and keys that are not Unicode
        reason = ascii(str(error))[1:-1][:120]
        raise BadInput(f"canonical JSON: {reason}; expected finite numbers, text, booleans, lists and tables") from None


def sha256_hex(data: bytes) -> str:
    """SHA-256 of `data`, 64 lowercase hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
