"""Tokens that an application signs with its certificate: in place of a secret, and as proof that it holds one."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from .state import Representation

PROOF_AUDIENCE = "00000002-0000-0000-c000-000000000000"
_ALGORITHMS = ["RS256", "PS256"]


def _keys(application: Representation, now: float) -> Iterator[RSAKey]:
    """Yield the public keys of the certificates that are good now."""
    for each in application["keyCredentials"]:
        starts, ends = (datetime.fromisoformat(each[name]).timestamp() for name in ("startDateTime", "endDateTime"))
        if not starts <= now < ends:
            continue
        try:
            certificate = x509.load_der_x509_certificate(base64.b64decode(each["key"]))
            pem = certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            yield RSAKey.import_key(pem)
        except (ValueError, TypeError, JoseError):
            # what somebody stored as a certificate and is none signs nothing
            continue


def signed_claims(token: str, application: Representation, now: float) -> dict[str, Any] | None:
    """Return the claims of a token that one of the application's certificates signed, None for any other."""
    for key in _keys(application, now):
        try:
            return dict(jwt.decode(token, key, algorithms=_ALGORITHMS).claims)
        except (JoseError, ValueError, TypeError):
            continue
    return None


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
