"""Tokens signed and read: RS256 for what others check, HS512 for what only the issuer reads."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey, RSAKey

_BITS = 2048
_OWN = "HS512"
_PUBLIC = "RS256"


class Signer:
    """One issuer's keys. `seed` is the RSA key as PEM text, as `pem` gives it; without one a key is made at the first need."""

    def __init__(self, seed: str = "") -> None:
        self._seed = seed
        self._key: RSAKey | None = None

    @property
    def _rsa(self) -> RSAKey:
        if self._key is None:
            self._key = (
                RSAKey.import_key(self._seed) if self._seed else RSAKey.generate_key(_BITS, auto_kid=True, private=True)
            )
            self._key.ensure_kid()
        return self._key

    @property
    def _oct(self) -> OctKey:
        return OctKey.import_key(hashlib.sha512(self.pem.encode()).digest())

    @property
    def pem(self) -> str:
        """The private key, to keep."""
        return self._rsa.as_pem(private=True).decode()

    def public_keys(self) -> dict[str, Any]:
        """Return the JWKS."""
        return {"keys": [{**self._rsa.as_dict(private=False), "use": "sig", "alg": _PUBLIC}]}

    def signed(self, claims: Mapping[str, Any], *, own: bool = False) -> str:
        """Return a JWT; `own` for one that nobody else has to check."""
        algorithm = _OWN if own else _PUBLIC
        header = {"alg": algorithm, "typ": "JWT", "kid": self._rsa.kid}
        return jwt.encode(header, dict(claims), self._oct if own else self._rsa, algorithms=[algorithm])

    def read(self, token: str, *, own: bool = False) -> dict[str, Any] | None:
        """Return the claims of a token that is ours, also of one that is over; None for anything else."""
        try:
            return dict(jwt.decode(token, self._oct if own else self._rsa, [_OWN if own else _PUBLIC]).claims)
        except (JoseError, ValueError, TypeError):
            return None


def left_half_hash(token: str) -> str:
    """Return `at_hash` of a token, as OpenID Connect Core 3.1.3.6 wants it for RS256."""
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()[:16]).rstrip(b"=").decode()


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a PKCE verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
