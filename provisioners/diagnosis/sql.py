"""The statements that look into Coder's database. Pure: they are printed for a person to run, and run by `database`, word for word.

None reads a token: their columns are compared with the empty text alone, which is right for encrypted rows too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...plans.errors import UsageError

SETTINGS = (
    "SET default_transaction_read_only = on",
    "SET statement_timeout = '30s'",
    "SET lock_timeout = '2s'",
)
MOST_USERS = 200
_ACTIVE = "FROM user_links AS l JOIN users AS u ON u.id = l.user_id WHERE l.login_type = 'oidc' AND NOT u.deleted"
# an expiry of the year 1 is Go's zero time: such a token is never refreshed
_ENDS = "l.oauth_expiry > '0002-01-01'"
HEAD = """\
-- What `oidc-provision doctor` asks of Coder's database (PostgreSQL 13 or newer). Nothing is written, and no token is read:
-- the columns of tokens are only compared with the empty text. Run it with psql as a role that may read `user_links`, `users` and `api_keys`.
"""


@dataclass(frozen=True, slots=True)
class Question:
    """One statement: `name` for whoever reads the answer, `about` for a person."""

    name: str
    about: str
    statement: str


def questions(issuer: str = "", days: int = 30, *, users: bool = False) -> tuple[Question, ...]:
    """Return the statements in their order. Raises UsageError for an issuer that cannot stand in SQL."""
    return tuple(_questions(issuer, days, users=users))


def _questions(issuer: str, days: int, *, users: bool) -> Iterator[Question]:
    yield Question(
        "links",
        "How many people signed in by OpenID Connect, how many of them have no refresh token, and how many links hold no identity yet.",
        "SELECT count(*) AS people,\n"
        "       count(*) FILTER (WHERE l.oauth_refresh_token = '') AS without_refresh_token,\n"
        f"       count(*) FILTER (WHERE l.oauth_refresh_token = '' AND {_ENDS}) AS will_be_signed_out,\n"
        "       count(*) FILTER (WHERE l.linked_id = '') AS not_linked\n"
        f"{_ACTIVE}",
    )
    yield from _expiries()
    yield Question("issuers", _issuers_about(issuer), _issuers(issuer))
    yield Question(
        "away",
        f"How many have not signed in for {days} days: a refresh token that was switched on since is not theirs yet.",
        f"SELECT count(*) AS people\n{_ACTIVE}\n  AND l.user_id NOT IN ({_signed_in(days)})",
    )
    if users:
        yield Question(
            "users",
            f"Who has no refresh token, the next to be signed out first, {MOST_USERS} at most.",
            f"SELECT u.username, l.oauth_expiry AS expires\n{_ACTIVE}\n  AND l.oauth_refresh_token = ''\n"
            f"ORDER BY l.oauth_expiry, u.username\nLIMIT {MOST_USERS}",
        )


def _signed_in(days: int) -> str:
    return f"SELECT k.user_id FROM api_keys AS k WHERE k.login_type = 'oidc' AND k.created_at > now() - interval '{days:d} days'"  # noqa: S608  # a whole number


def _expiries() -> Iterator[Question]:
    for unit, span, many in (("hour", "24 hours", "24 hours"), ("day", "14 days", "14 days")):
        yield Question(
            f"expiries_by_{unit}",
            f"Whose access tokens end in the next {many}, by {unit}: without a refresh token that is a sign-out.",
            f"SELECT date_trunc('{unit}', l.oauth_expiry) AS {unit}, count(*) AS people,\n"
            "       count(*) FILTER (WHERE l.oauth_refresh_token = '') AS without_refresh_token\n"
            f"{_ACTIVE}\n  AND l.oauth_expiry >= now() AND l.oauth_expiry < now() + interval '{span}'\nGROUP BY 1\nORDER BY 1",
        )


def _issuers_about(issuer: str) -> str:
    which = "Which other issuers than the configured one" if issuer else "Which issuers"
    return f"{which} people are linked to; a link is the issuer, `||` and the subject."


def _issuers(issuer: str) -> str:
    other = f"\n  AND split_part(l.linked_id, '||', 1) <> {literal(issuer)}" if issuer else ""
    return (
        "SELECT split_part(l.linked_id, '||', 1) AS issuer, count(*) AS people\n"
        f"{_ACTIVE}\n  AND l.linked_id <> ''{other}\nGROUP BY 1\nORDER BY 2 DESC, 1\nLIMIT 50"
    )


def literal(text: str) -> str:
    """Return a text as SQL has it, whatever `standard_conforming_strings` is. Raises UsageError for what no issuer holds."""
    if not text.isprintable() or "\\" in text:
        raise UsageError("the issuer holds a backslash or a control character")
    return "'" + text.replace("'", "''") + "'"


def script(asked: tuple[Question, ...]) -> str:
    """Return everything as a script for psql, in one read-only transaction."""
    settings = "\n".join(f"{each};" for each in SETTINGS)
    body = "\n\n".join(f"-- {each.about}\n{each.statement};" for each in asked)
    return f"{HEAD}\n{settings}\nBEGIN;\n\n{body}\n\nROLLBACK;\n"
