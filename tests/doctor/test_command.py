"""`doctor` as a person calls it: what goes in, what is printed, and the exit code."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tests.command import ROOT, Ran, oidc_provision
from tests.doctor.looking import corpus, heard
from tests.servers import always, answer, in_turn, serving

from oidc_provision.cli.render.json_schema import output_schema
from oidc_provision.plans.load import load
from oidc_provision.provisioners import registry
from oidc_provision.provisioners.diagnosis.advice import SAID_ALREADY, tailored

NO_TOKEN = 'OpenID Connect session expired at "x". Try signing in again.'
SECRET = "Zq8vT4kLm2Xw9Rb7Nc5Jh3Gf6Ds1Pa0y"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJlLXRoYXQtaXMtbG9uZw"
LINE = (
    f'2026-05-02 08:00:00.000 [warn]  coderd: x  error="{{e}}"  token={SECRET}  header="Authorization: Bearer {JWT}"\n'
)
PLAN = (ROOT / "provisioners/keycloak/example.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--error", NO_TOKEN], 1),
        (["--error", "hello"], 0),
        (["--error", "hello", "--strict"], 1),
        (["--error", "You are signed out or your session has expired."], 0),
        (["--error", "You are signed out or your session has expired.", "--strict"], 1),
        (["--error", "got OIDC claims", "--strict"], 0),
        (["--sql"], 0),
        ([], 64),
        (["no-such-file.log"], 64),
        (["."], 64),
        (["--error", "x", "--coder-version", "new"], 64),
        (["--error", "x", "--show-users"], 64),
        (["-", "--metrics", "-"], 64),
        (["--database", "postgresql://u:hidden-word@h/d"], 64),
        (["--har", "plan.yaml"], 64),
    ],
)
def test_exit_codes(words, code, tmp_path: Path):
    (tmp_path / "plan.yaml").write_text("version: 1\n")
    ran = oidc_provision("doctor", *words, cwd=tmp_path)
    assert ran.code == code, ran.all
    assert "Traceback" not in ran.err and "hidden-word" not in ran.all


def test_everything_at_once_is_ranked_by_how_sure_it_is(tmp_path: Path):
    (tmp_path / "a.log").write_text(LINE.format(e="oauth2: cannot fetch token: 503 x") * 5)
    rows = {form: next(row[form] for row in corpus() if form in row) for form in ("har", "metrics")}
    (tmp_path / "b.har").write_text(rows["har"])
    (tmp_path / "m.txt").write_text(rows["metrics"])
    words = ["a.log", "-", "--har", "b.har", "--metrics", "m.txt", "--format", "json"]
    ran = oidc_provision("doctor", *words, cwd=tmp_path, stdin="oauth2: token expired and refresh token is not set\n")
    document = json.loads(ran.out)
    Draft202012Validator(json.loads(output_schema("doctor-output"))).validate(document)
    assert ran.code == 1 and document["result"] == "cause found"
    assert [each["certainty"] for each in document["found"]] == ["proof"] * 3 + ["strong"]
    assert document["found"][-1] | {"count": 5, "code": "library-server-error"} == document["found"][-1]
    assert [each["kind"] for each in document["read"]] == ["log", "log", "har", "metrics"]


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_no_token_is_printed_with_vv(form, tmp_path: Path):
    (tmp_path / "a.log").write_text(LINE.format(e="oauth2: server response missing access_token") * 2)
    words = [
        "a.log",
        "--error",
        f"oauth2: login failed refresh_token={SECRET}",
        "--format",
        form,
        "--output",
        "md=f.md",
    ]
    ran = oidc_provision("doctor", *words, "-vv", "--debug", cwd=tmp_path)
    shown = ran.all + (tmp_path / "f.md").read_text()
    assert ran.code == 1 and ("library-no-access-token" in ran.out or form == "markdown")
    assert SECRET not in shown and JWT not in shown and JWT.split(".")[2] not in shown


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_a_log_cannot_draw_on_the_terminal_or_break_a_table(form, tmp_path: Path):
    (tmp_path / "a.log").write_text("oauth2: server response missing access_token \x1b]0;x\x07 \u202e | <b>\n")
    ran = oidc_provision("doctor", "a.log", "--format", form, cwd=tmp_path, env={"PYTHONIOENCODING": "utf-8"})
    assert not {"\x1b", "\x07", "\u202e"} & set(ran.out)
    assert form == "text" or ("\\|" in ran.out and "<b>" not in ran.out)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (NO_TOKEN, "fix: the plan asks for offline_access, access_type=offline: run `oidc-provision plan`"),
        ('API key expired at "x".', "which is 2d in the plan"),
        ("update user_link: pq: gone", "plan: shared: {revoke_refresh_token: false}"),
        ('oauth2: "invalid_client" "AADSTS7000222: over"', "[keycloak-unknown-client]"),
    ],
)
def test_a_plan_makes_the_advice_fit(error, expected, tmp_path: Path):
    plan = re.sub(r"session_duration: .*", "session_duration: 2d", PLAN)
    plan = plan.replace("revoke_refresh_token: false", "revoke_refresh_token: true")
    (tmp_path / "p.yaml").write_text(plan)
    ran = oidc_provision("doctor", "--error", error, "--plan", "p.yaml", cwd=tmp_path)
    assert ran.code == 1 and expected in ran.out, ran.all


def test_advice_that_the_plan_follows_already_says_so():
    (deployment,) = load([("p.yaml", PLAN.encode())], registry.PlanKinds())
    found = tailored(heard("update user_link: gone"), deployment.plan, registry.load("keycloak").HABITS)
    assert found.found[0].symptom.fix == SAID_ALREADY and found.found[0].symptom.edit == ""


def test_the_plan_names_the_release_of_coder(tmp_path: Path):
    (tmp_path / "p.yaml").write_text(re.sub(r'(?m)^  version: "?\S+', '  version: "2.20"', PLAN))
    ran = oidc_provision("doctor", "--error", NO_TOKEN, "--plan", "p.yaml", cwd=tmp_path)
    assert ran.code == 0 and "Coder 2.20 does not say so, 2.23 and newer does" in ran.out, ran.all


@pytest.mark.parametrize(
    ("given", "code", "shown"),
    [
        (answer(200, next(row["metrics"] for row in corpus() if "metrics" in row).encode(), "text/plain"), 1, "metric-all-refused"),
        (answer(404, b"gone", "text/plain"), 1, "the metrics answer 404"),
        (b"", 1, "error: "),
    ],
)  # fmt: skip
def test_metrics_are_read_from_an_address(given, code, shown):
    async def work() -> tuple[Ran, str]:
        async with serving(always(given) if given else in_turn(given)) as server:
            url = f"{server.url}/metrics?key={SECRET}"
            ran = await asyncio.to_thread(oidc_provision, "doctor", "--metrics", url, "-vv", "--deadline", "20")
            return ran, server.seen[0].path

    ran, path = asyncio.run(work())
    assert path == f"/metrics?key={SECRET}"
    assert ran.code == code and shown in ran.all and SECRET not in ran.all


@pytest.mark.parametrize(
    "row", [row for row in corpus() if row.get("text", "").startswith("{")][:6], ids=lambda row: str(row["expect"])
)
def test_a_document_on_several_lines_is_one_record(row, tmp_path: Path):
    (tmp_path / "answer.json").write_text(json.dumps(json.loads(row["text"]), indent=2))
    ran = oidc_provision("doctor", "answer.json", "--format", "json", cwd=tmp_path)
    assert [each["code"] for each in json.loads(ran.out)["found"]] == row["expect"]


def test_transcript_of_the_docs_is_what_is_printed(tmp_path: Path):
    page = (ROOT / "docs/doctor.md").read_text(encoding="utf-8")
    (log,) = re.findall(r"```log\n(.*?)```", page, re.DOTALL)
    (shown,) = re.findall(r"```console\n\$ oidc-provision doctor coder.log\n(.*?)```", page, re.DOTALL)
    (tmp_path / "coder.log").write_text(log)
    ran = oidc_provision("doctor", "coder.log", cwd=tmp_path)
    assert ran.code == 1 and ran.out == shown
