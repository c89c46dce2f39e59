"""ID tokens, checked as a relying party must (OpenID Connect Core 3.1.3.7): signature, issuer, audience, nonce, hashes.

After a refresh most of it must be as it was (12.2).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import Key, KeySet
from joserfc.jws import JWSRegistry

from ...plans.errors import Failed
from .. import strict_json
from .peeking import LATEST
from .tokens import Answer

SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""What an ID token may be signed with. No HMAC: with a public key as its secret anybody could sign; and never `none`."""
HASHES = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}
SKEW = 60
"""Seconds that two clocks may differ."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What an ID token must say. `nonce` None: it is not looked at."""

    issuer: str
    client_id: str
    now: float
    nonce: str | None = None


@dataclass(frozen=True, slots=True)
class IdToken:
    """A token whose signature holds."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any] = field(repr=False)

    @property
    def algorithm(self) -> str:
        """What it is signed with."""
        return str(self.header.get("alg"))


def read_keys(document: object) -> KeySet:
    """Return an issuer's keys; one that cannot be read is left out, as others may be good. Raises Failed where none is left."""
    listed = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(listed, list):
        raise Failed("the keys (`jwks_uri`) are no JWKS: there is no list `keys`", fix="check `jwks_uri`")
    keys = [key for each in listed if (key := _key(each)) is not None]
    if not keys:
        problem = f"none of the {len(listed)} keys at `jwks_uri` can be read"
        raise Failed(problem, fix="the identity provider publishes a broken JWK: repair its keys")
    return KeySet(keys)


def _key(value: object) -> Key | None:
    try:
        with _silence():
            single = KeySet.import_key_set({"keys": [value]})  # type: ignore[list-item]  # whatever came
        return single.keys[0]
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return None


def opened(token: str, keys: KeySet) -> IdToken:
    """Return an ID token with its signature checked. Raises Failed naming what is wrong with it."""
    header = _header(token)
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in SIGNATURES:
        shown = f"`{algorithm}`" if isinstance(algorithm, str) and algorithm.isalnum() else "something unreadable"
        problem = f"the ID token is signed with {shown}: only asymmetric signatures can be checked by Coder"
        raise Failed(problem, fix="let the identity provider sign ID tokens with RS256")
    if isinstance(kid, str) and all(key.kid != kid for key in keys.keys):
        fix = "the keys at `jwks_uri` are not those that it signs with: check for a stale cache or a second issuer"
        raise Failed("the ID token names a key (`kid`) that is not among the issuer's keys", fix=fix)
    for key in keys.keys if kid is None else [key for key in keys.keys if key.kid == kid]:
        payload = _verified(token, key)
        if payload is not None:
            return IdToken(header, _claims(payload))
    problem = "the ID token's signature does not hold"
    raise Failed(problem, fix="check `jwks_uri`, and what stands between it and here")


def _verified(token: str, key: Key) -> bytes | None:
    """Return the payload where this key signed it. A token without `kid` may be of any of the keys."""
    try:
        with _silence():
            registry = JWSRegistry(algorithms=list(SIGNATURES))
            return bytes(jws.deserialize_compact(token, key, registry=registry).payload)
    except (JoseError, ValueError, TypeError):
        return None


@contextmanager
def _silence() -> Iterator[None]:
    # joserfc 1.8 warns of EdDSA, and of what it cannot use, in Python's own words on stderr
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        yield


def _header(token: str) -> Mapping[str, Any]:
    try:
        first = token.split(".", 1)[0]
        header = strict_json.parse(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    except ValueError:
        header = None
    if not isinstance(header, Mapping):
        raise Failed("the ID token is no JWT")
    return header


def _claims(payload: bytes) -> Mapping[str, Any]:
    try:
        claims = strict_json.parse(payload)
    except ValueError:
        claims = None
    if not isinstance(claims, Mapping):
        raise Failed("the ID token's claims are no JSON object")
    return claims


def problems(token: IdToken, expected: Expected, answer: Answer) -> Iterator[str]:
    """Return what is wrong with an ID token whose signature holds."""
    claims = token.claims
    if claims.get("iss") != expected.issuer:
        yield f"`iss` is {_shown(claims.get('iss'))}, not `{expected.issuer}`"
    audience = _listed(claims.get("aud"))
    if expected.client_id not in audience:
        yield f"`aud` is {_shown(claims.get('aud'))}, which is not this client"
    yield from _party(claims, audience, expected)
    subject = claims.get("sub")
    if not subject or not isinstance(subject, str):
        yield "`sub` is missing" if not subject else f"`sub` is {_shown(subject)}, which is no text"
    yield from _times(claims, expected.now)
    if expected.nonce is not None and claims.get("nonce") != expected.nonce:
        yield "`nonce` is not the one that was sent"
    yield from _hashes(token, answer)


def _party(claims: Mapping[str, Any], audience: tuple[str, ...], expected: Expected) -> Iterator[str]:
    party = claims.get("azp")
    if party is not None and party != expected.client_id:
        yield f"`azp` is {_shown(party)}, which is not this client"
    if party is None and len(audience) > 1:
        yield "`azp` is missing, though there are several audiences"


def _times(claims: Mapping[str, Any], now: float) -> Iterator[str]:
    ends, begun = _time(claims.get("exp")), _time(claims.get("iat"))
    if ends is None or begun is None:
        yield "`exp` or `iat` is missing, or no time"
        return
    if ends <= now - SKEW:
        yield f"it ended {now - ends:.0f} s ago by this machine's clock"
    if begun > now + SKEW:
        yield f"it was issued {begun - now:.0f} s in the future by this machine's clock"


def _time(value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    # with many digits an integer has no float
    return float(value) if abs(value) < LATEST else None


def _hashes(token: IdToken, answer: Answer) -> Iterator[str]:
    """`at_hash` is optional here and must hold where it is sent; `rt_hash` likewise (a name that the guides use)."""
    for claim, name in (("at_hash", "access_token"), ("rt_hash", "refresh_token")):
        sent = token.claims.get(claim)
        if sent is not None and not _is_half_hash(sent, answer.token(name), token.algorithm):
            yield f"`{claim}` is not the hash of the {name.replace('_', ' ')}"


def _is_half_hash(sent: object, value: str, algorithm: str) -> bool:
    # EdDSA has no length in its name: Ed25519 goes with SHA-512
    digest = HASHES.get(algorithm[-3:], hashlib.sha512)(value.encode()).digest()
    half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=")
    return isinstance(sent, str) and hmac.compare_digest(half, sent.encode())


def changed(first: IdToken, second: IdToken) -> Iterator[str]:
    """Return what a refreshed ID token may not change (12.2): issuer, subject, audience, time of sign-in, nonce."""
    before, after = first.claims, second.claims
    for claim in ("iss", "sub", "aud", "azp", "auth_time"):
        # what was left out is not changed, except for what every ID token must say
        if not _same(before.get(claim), after.get(claim)) and not _left_out(claim, before, after):
            yield f"`{claim}` was {_shown(before.get(claim))} and is {_shown(after.get(claim))} after the refresh"
    if "nonce" in after and after["nonce"] != before.get("nonce"):
        yield "`nonce` has another value after the refresh"
    then, now = _time(before.get("iat")), _time(after.get("iat"))
    if then is not None and now is not None and now < then:
        yield "`iat` is older than that of the first ID token"


def _same(before: object, after: object) -> bool:
    """Tell whether two values mean the same: audiences have no order, and one alone may stand without a list."""
    if isinstance(before, list) or isinstance(after, list):
        return set(_listed(before)) == set(_listed(after))
    return before == after


def _left_out(claim: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    # an `azp` that comes with the refresh is forbidden (12.2), a time of sign-in is only news
    return (claim in ("azp", "auth_time") and claim not in after) or (claim == "auth_time" and claim not in before)


def _listed(value: object) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    return tuple(each for each in values if isinstance(each, str))


def _shown(value: object) -> str:
    if value is None:
        return "missing"
    if _time(value) is not None:
        return f"{value}"[:200]
    values = ", ".join(f"`{each[:200]}`" for each in _listed(value))
    return (f"[{values}]" if isinstance(value, list) else values) or "no text"
