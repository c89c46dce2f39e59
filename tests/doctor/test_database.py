"""The statements against a real PostgreSQL with Coder's tables, encrypted rows among them; the printed ones are those that run."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.command import ROOT, Ran, oidc_provision

from oidc_provision.plans.errors import UsageError
from oidc_provision.provisioners.diagnosis.sql import literal, questions, script

ISSUER = "https://sso.example.com/realms/engineering"
SECRET = "Vq7-database-password"
TABLES = """
CREATE TYPE login_type AS ENUM ('password', 'github', 'oidc', 'token', 'none');
CREATE TABLE users (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), username text NOT NULL, deleted boolean NOT NULL DEFAULT false);
CREATE TABLE user_links (user_id uuid NOT NULL REFERENCES users, login_type login_type NOT NULL, linked_id text NOT NULL DEFAULT '',
  oauth_access_token text NOT NULL DEFAULT '', oauth_refresh_token text NOT NULL DEFAULT '', oauth_expiry timestamptz NOT NULL,
  oauth_access_token_key_id text, oauth_refresh_token_key_id text, claims jsonb NOT NULL DEFAULT '{}', PRIMARY KEY (user_id, login_type));
CREATE TABLE api_keys (id text PRIMARY KEY, user_id uuid NOT NULL, login_type login_type NOT NULL, created_at timestamptz NOT NULL);
CREATE FUNCTION person(name text, issuer text, refresh text, expiry timestamptz, kind login_type DEFAULT 'oidc', gone boolean DEFAULT false)
RETURNS void LANGUAGE sql AS $$
  INSERT INTO users (username, deleted) VALUES (name, gone);
  INSERT INTO user_links (user_id, login_type, linked_id, oauth_access_token, oauth_refresh_token, oauth_expiry, oauth_refresh_token_key_id)
    SELECT id, kind, CASE issuer WHEN '' THEN '' ELSE issuer || '||' || name END, 'access-of-' || name, refresh, expiry,
           CASE WHEN refresh LIKE 'enc%' THEN 'key' END FROM users WHERE username = name;
  INSERT INTO api_keys SELECT name, id, kind, now() - interval '1 day' FROM users WHERE username = name AND refresh <> '';
$$;
CREATE ROLE looker LOGIN PASSWORD 'Vq7-database-password';
GRANT SELECT ON users, user_links, api_keys TO looker;
CREATE ROLE nobody_much LOGIN PASSWORD 'Vq7-database-password';
"""
PEOPLE = f"""
SELECT person('ann', '{ISSUER}', 'refresh-of-ann', now() + interval '30 minutes');
SELECT person('bob', '{ISSUER}', 'encAAECAwQFBgcICQoLDA0ODw', now() + interval '3 hours');
SELECT person('cid', '{ISSUER}', '', now() + interval '30 minutes');
SELECT person('dan', 'https://old.example.com', '', now() + interval '2 days');
SELECT person('eve', '', 'refresh-of-eve', '0001-01-01 00:00:00+00');
SELECT person('gone', '{ISSUER}', '', now(), 'oidc', true);
SELECT person('hub', '', '', now(), 'github');
"""


def program(name: str) -> str:
    found = shutil.which(name) or next((str(path) for path in Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), None)
    if found is None and os.environ.get("OIDC_PROVISION_REQUIRE_LIVE"):
        pytest.fail(f"a real PostgreSQL is required here, and there is no `{name}`")
    if found is None:
        pytest.skip(f"there is no PostgreSQL here: no `{name}`")
    return found


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Where a PostgreSQL of our own listens, with nobody's data but the test's."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    # PostgreSQL refuses to run as root
    whom = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    if whom:
        shutil.chown(folder, "nobody", "nogroup")
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = chosen.getsockname()[1]
    options = f"-h 127.0.0.1 -p {port} -k {folder} -c fsync=off"
    start = [program("pg_ctl"), "-D", folder / "data", "-w", "-l", folder / "log", "-o", options, "start"]
    init = [program("initdb"), "-D", folder / "data", "-U", "owner", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"]
    for command in (init, start):
        subprocess.run([*map(str, command)], check=True, cwd=folder, stdout=subprocess.DEVNULL, timeout=90, **whom)
    psql(f"postgresql://owner@127.0.0.1:{port}/postgres", "CREATE DATABASE coder")
    psql(f"postgresql://owner@127.0.0.1:{port}/coder", TABLES + PEOPLE)
    yield f"127.0.0.1:{port}/coder"
    stop = [program("pg_ctl"), "-D", folder / "data", "-m", "immediate", "stop"]
    subprocess.run([*map(str, stop)], check=True, cwd=folder, stdout=subprocess.DEVNULL, timeout=60, **whom)
    shutil.rmtree(folder)


def psql(address: str, statements: str) -> str:
    command = [program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-A", "-t", address]
    done = subprocess.run(command, input=statements, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def found_at(folder: Path) -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT / ".src")])}


def doctor(address: str, *words: str) -> Ran:
    spec = find_spec("psycopg")
    if spec is None or spec.origin is None:
        pytest.skip("psycopg is not installed here")
    # wherever it is: the command is run with a path of its own
    home = found_at(Path(spec.origin).parent.parent)
    return oidc_provision("doctor", "--database", "env:DB", *words, "-vv", env={"DB": address, **home})


def test_printed_script_runs_in_psql_and_changes_nothing(server: str):
    out = psql(f"postgresql://looker:{SECRET}@{server}", script(questions(ISSUER, users=True)))
    assert out.splitlines()[0] == "5|2|2|1"
    assert "https://old.example.com|1" in out and "cid|" in out and "refresh-of" not in out and "access-of" not in out
    assert psql(f"postgresql://owner@{server}", "SELECT count(*) FROM user_links").strip() == "7"


def test_counts_become_causes(server: str):
    ran = doctor(f"postgresql://looker:{SECRET}@{server}", "--issuer", ISSUER, "--format", "json")
    assert ran.code == 1, ran.all
    document = json.loads(ran.out)
    found = {each["code"]: each["count"] for each in document["found"]}
    assert found == {"database-no-refresh-token": 2, "database-other-issuer": 1}
    figures = {each["name"]: each["value"] for each in document["figures"]}
    assert figures["people who signed in by OpenID Connect"] == "5" and figures["not signed in lately"] == "2"
    assert sum("hour" in name for name in figures) == 2 and "cid" not in ran.all
    assert SECRET not in ran.all and "refresh-of" not in ran.all and "encAA" not in ran.all


def test_people_are_named_only_when_asked_for(server: str):
    ran = doctor(f"postgresql://looker:{SECRET}@{server}", "--show-users")
    assert ran.code == 1 and "without a refresh token: cid" in ran.out
    assert "ann" not in ran.out and "linked to https://old.example.com: 1" in ran.out


def test_everybody_with_a_token_is_a_good_sign(server: str):
    owner = f"postgresql://owner@{server}"
    psql(owner.replace("/coder", "/postgres"), "CREATE DATABASE well TEMPLATE coder")
    psql(owner.replace("/coder", "/well"), "UPDATE user_links SET oauth_refresh_token = 'x', linked_id = ''")
    ran = doctor(f"postgresql://looker:{SECRET}@{server}".replace("/coder", "/well"), "--issuer", ISSUER)
    assert ran.code == 0 and "[database-all-have-tokens]" in ran.out, ran.all


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://nobody_much:{secret}@{server}", "GRANT SELECT ON user_links, users, api_keys"),
        ("postgresql://looker:{secret}@{server}_not", "the database did not answer"),
        ("postgresql://looker:{secret}@127.0.0.1:1/coder", "the database did not answer"),
        ("postgresql://looker:{secret}@{empty}", "name Coder's own database"),
        ("looker {secret} 127.0.0.1", "the connection string is none that PostgreSQL knows"),
    ],
)
def test_what_cannot_be_asked_says_so_without_the_password(server: str, address: str, shown: str):
    empty = server.replace("/coder", "/postgres")
    ran = doctor(address.format(secret=SECRET, server=server, empty=empty))
    assert ran.code == 1 and shown in ran.err and SECRET not in ran.all, ran.all
    assert ran.err.count("error:") == 1 and "Traceback" not in ran.err


def test_without_psycopg_the_extra_is_named(tmp_path: Path):
    (tmp_path / "psycopg.py").write_text("raise ModuleNotFoundError(name='psycopg')")
    ran = oidc_provision(
        "doctor", "--database", "env:DB", env={"DB": f"postgresql://u:{SECRET}@h/d", **found_at(tmp_path)}
    )
    assert ran.code == 64 and "oidc-provision[database]" in ran.err and SECRET not in ran.all


@pytest.mark.parametrize("issuer", ["https://x/'; DROP TABLE users; --", "it's", "", "ü"])
def test_an_issuer_cannot_leave_its_quotes(server: str, issuer: str):
    assert psql(f"postgresql://looker:{SECRET}@{server}", f"SELECT {literal(issuer)};").rstrip("\n") == issuer
    psql(f"postgresql://looker:{SECRET}@{server}", script(questions(issuer)))


@pytest.mark.parametrize("issuer", ["a\nb", "a\\b", "\x00"])
def test_an_issuer_that_is_none_is_refused(issuer: str):
    with pytest.raises(UsageError):
        questions(issuer)


def test_no_statement_reads_a_token_or_writes():
    text = script(questions(ISSUER, users=True))
    statements = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    assert "access_token" not in statements
    assert statements.count("oauth_refresh_token") == statements.count("oauth_refresh_token = ''")
    assert not {"INSERT", "UPDATE", "DELETE", "DROP", "ALTER", "GRANT"} & set(statements.split())
