"""Tokens that an application signs with its certificate: in place of a secret, and as proof that it holds one."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, AsymmetricPadding, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from .state import Representation

PROOF_AUDIENCE = "00000002-0000-0000-c000-000000000000"
_ALGORITHMS: Mapping[str, AsymmetricPadding] = {
    "RS256": PKCS1v15(),
    "PS256": PSS(MGF1(hashes.SHA256()), hashes.SHA256().digest_size),
}


def _keys(application: Representation, now: float) -> Iterator[RSAPublicKey]:
    """Yield the public keys of the certificates that are good now."""
    for each in application["keyCredentials"]:
        starts, ends = (datetime.fromisoformat(each[name]).timestamp() for name in ("startDateTime", "endDateTime"))
        # whoever signs in is measured in whole seconds: the second of the start is among the good ones
        if not int(starts) <= now < ends:
            continue
        try:
            key = x509.load_der_x509_certificate(base64.b64decode(each["key"])).public_key()
        except (ValueError, TypeError, UnsupportedAlgorithm):
            # what somebody stored as a certificate and is none signs nothing
            continue
        if isinstance(key, RSAPublicKey):
            yield key


def signed_claims(token: str, application: Representation, now: float) -> dict[str, Any] | None:
    """Return the claims of a token that one of the application's certificates signed, None for any other."""
    signed, _, signature = token.rpartition(".")
    header, _, payload = signed.partition(".")
    try:
        padding, sign, claims = _ALGORITHMS[_object(header)["alg"]], _bytes(signature), _object(payload)
    except (ValueError, TypeError, LookupError, RecursionError):
        return None
    for key in _keys(application, now):
        try:
            key.verify(sign, signed.encode(), padding, hashes.SHA256())
        except InvalidSignature:
            continue
        return claims
    return None


def _bytes(part: str) -> bytes:
    # azure-identity 1.27 leaves the padding on, which RFC 7515 forbids and Entra takes; no JWT library here does
    bare = part.rstrip("=")
    return base64.b64decode(bare + "=" * (-len(bare) % 4), b"-_", validate=True)


def _object(part: str) -> dict[str, Any]:
    found = json.loads(_bytes(part))
    if not isinstance(found, dict):
        raise TypeError
    return found


def is_current(claims: dict[str, Any], now: float) -> bool:
    """Tell whether the claims are of now."""
    ends, starts = claims.get("exp"), claims.get("nbf", 0)
    return isinstance(ends, int | float) and isinstance(starts, int | float) and starts - 300 <= now < ends


def is_proof(token: str, application: Representation, now: float) -> bool:
    """Tell whether a token proves that its bearer holds one of the application's certificates."""
    claims = signed_claims(token, application, now)
    if claims is None or not is_current(claims, now):
        return False
    return claims.get("aud") == PROOF_AUDIENCE and claims.get("iss") == application["id"]
