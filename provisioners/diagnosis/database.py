"""Asks Coder's database the statements of `sql`, read-only, and says what the counts mean. psycopg comes with the extra `database`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

from ...plans.errors import Failed, UsageError
from ...plans.sealed import Sealed
from ...plans.symptoms.measured import ALL_HAVE_TOKENS, OTHER_ISSUER, WITHOUT_TOKEN
from .sql import SETTINGS, Question
from .tally import Tally

Answers = Mapping[str, Sequence[Mapping[str, Any]]]
PATIENCE = 10
"""Seconds to wait for a connection."""
NAME = "oidc-provision doctor"
EXAMPLE = "write it like `postgresql://user:password@host/coder`"


async def answers(address: Sealed, asked: Sequence[Question], guard: Callable[[str], object]) -> Answers:
    """Return the rows of each statement. `guard` gets the password in the address. Raises UsageError without psycopg, Failed."""
    psycopg = _library()
    _keep_back(address, guard)
    try:
        connection = await psycopg.AsyncConnection.connect(
            address.reveal(), autocommit=True, connect_timeout=PATIENCE, application_name=NAME
        )
        async with connection:
            return await _asked(connection, asked)
    except psycopg.Error as error:
        # the first line is the server's own sentence; what follows quotes the statement
        sentence = str(error).strip().partition("\n")[0] or type(error).__name__
        raise Failed(f"the database did not answer: {sentence}", fix=_fix(error)) from None


def _library() -> Any:  # noqa: ANN401  # it is there only with its extra, and so are its types
    try:
        return import_module("psycopg")
    except ModuleNotFoundError as error:
        fix = "pip install 'oidc-provision[database]', or run what `--sql` prints by hand"
        raise UsageError("`--database` needs `psycopg`", fix=fix) from error


def _keep_back(address: Sealed, guard: Callable[[str], object]) -> None:
    try:
        parts = import_module("psycopg.conninfo").conninfo_to_dict(address.reveal())
    except Exception:  # noqa: BLE001  # psycopg's own sentence quotes the string, which holds a password
        raise Failed("the connection string is none that PostgreSQL knows", fix=EXAMPLE) from None
    guard(str(parts.get("password") or ""))


def _fix(error: Exception) -> str:
    state = getattr(error, "sqlstate", None)
    if state == "42501":
        return "GRANT SELECT ON user_links, users, api_keys TO the role"
    if state == "42P01":
        return "name Coder's own database in the connection string"
    return "check the connection string, or run what `--sql` prints by hand"


async def _asked(connection: Any, asked: Sequence[Question]) -> Answers:  # noqa: ANN401  # psycopg.AsyncConnection
    for setting in SETTINGS:
        await connection.execute(setting)
    found: dict[str, Sequence[Mapping[str, Any]]] = {}
    # one transaction: all counts are of one moment
    await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    for question in asked:
        # a statement of ours, whose only text from outside went through `literal`
        cursor = await connection.execute(question.statement.encode())
        names = [column.name for column in cursor.description or ()]
        found[question.name] = [dict(zip(names, row, strict=True)) for row in await cursor.fetchall()]
    await connection.execute("ROLLBACK")
    return found


def tell(found: Answers, issuer: str, tally: Tally) -> None:
    """Count what the rows show."""
    (links,) = found["links"]
    people, without = links["people"], links["without_refresh_token"]
    if without:
        tally.add(WITHOUT_TOKEN, f"database: {without} of {people} people have no refresh token", count=without)
    elif people:
        tally.add(ALL_HAVE_TOKENS, f"database: {people} people", count=people)
    for row in found["issuers"] if issuer else ():
        tally.add(OTHER_ISSUER, f"database: {row['people']} people at `{row['issuer']}`", count=row["people"])


def figures(found: Answers) -> Iterator[tuple[str, str]]:
    """Yield everything that was counted, as (what, value)."""
    (links,) = found["links"]
    yield "people who signed in by OpenID Connect", str(links["people"])
    yield "of them without a refresh token", str(links["without_refresh_token"])
    yield "of these, signed out when the access token ends", str(links["will_be_signed_out"])
    yield "links without an identity yet", str(links["not_linked"])
    for unit in ("hour", "day"):
        for row in found[f"expiries_by_{unit}"]:
            shown = f"{row[unit]:%Y-%m-%d %H:%M}" if unit == "hour" else f"{row[unit]:%Y-%m-%d}"
            yield (
                f"{unit} {shown}: access tokens that end",
                f"{row['people']}, {row['without_refresh_token']} without a refresh token",
            )
    for row in found["issuers"]:
        yield f"linked to {row['issuer']}", str(row["people"])
    yield "not signed in lately", str(found["away"][0]["people"])
    for row in found.get("users", ()):
        yield f"without a refresh token: {row['username']}", f"access token ends {row['expires']:%Y-%m-%d %H:%M}"
