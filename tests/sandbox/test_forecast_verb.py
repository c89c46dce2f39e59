"""`forecast` as a person calls it, against the embedded Keycloak; the transcript of docs/forecast.md among it."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tests.command import ROOT, oidc_provision

from oidc_provision.cli.render.json_schema import output_schema
from oidc_provision.provisioners.sandbox.serving import Sandbox

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Path]:
    """The folder of a plan for an embedded Keycloak; nothing is applied yet."""
    with Sandbox(["keycloak"]) as sandbox:
        told = sandbox.emulations["keycloak"].story(sandbox.at("keycloak"))
        (tmp_path / "oidc-provision.yaml").write_text(told.plan)
        for name, text in told.files.items():
            path = tmp_path / name
            path.parent.mkdir(mode=0o700, exist_ok=True)
            path.write_text(text)
            path.chmod(0o600)
        yield tmp_path


def transcript() -> str:
    """What docs/forecast.md shows, without its first line, which is the command."""
    (shown,) = re.findall(r"```console\n\$ oidc-provision forecast\n(.*?)```", (ROOT / "docs/forecast.md").read_text(), re.DOTALL)  # fmt: skip
    return shown


def test_transcript_of_the_docs_is_what_is_printed(story: Path):
    ran = oidc_provision("forecast", cwd=story, env={"COLUMNS": "80", "PYTHONIOENCODING": "utf-8"})
    assert ran.code == 0, ran.all
    assert re.sub(r"http://127.0.0.1:\d+/keycloak", "http://127.0.0.1:8080", ran.out) == transcript()


def test_a_terminal_without_such_characters_gets_others(story: Path):
    ran = oidc_provision("forecast", cwd=story, env={"PYTHONIOENCODING": "ascii"})
    assert ran.code == 0 and ran.out.isascii() and "|####" in ran.out


def test_renderings_are_written_at_once(story: Path):
    ran = oidc_provision("forecast", "--format", "json", "--output", "md=f.md,svg=f.svg,text=f.txt", cwd=story)
    assert ran.code == 0, ran.all
    Draft202012Validator(json.loads(output_schema("forecast-output"))).validate(json.loads(ran.out))
    (told,) = json.loads(ran.out)["forecasts"]
    assert [limit["seconds"] for limit in told["limits"]] == [1800, 2592000, 7776000, 2592000]
    assert [each["signed_out_after"] for each in told["scenarios"]] == [7776000, None, None, 2966400]
    assert "| works daily | signed out after 90 d" in (story / "f.md").read_text()
    assert (story / "f.svg").stat().st_mode & 0o777 == 0o600
    drawing = ET.parse(story / "f.svg").getroot()
    assert "works daily" in str(drawing.findtext(f"{SVG}desc")) and len(drawing.findall(f"{SVG}rect")) > 8


def test_offline_asks_nobody_and_says_so(tmp_path: Path):
    plan = """\
version: 1
coder: {access_url: https://coder.example.com, version: "2.34"}
identity_provider:
  type: keycloak
  url: http://127.0.0.1:9
  realm: r
  admin: {client_id: x, client_secret: env:NOT_SET}
client: {id: "<coder>"}
refresh_tokens: {idle_timeout: 14d}
access_tokens: {lifetime: 5m}
"""
    (tmp_path / "oidc-provision.yaml").write_text(plan)
    ran = oidc_provision("forecast", "--offline", "--output", "svg=f.svg", cwd=tmp_path)
    assert ran.code == 0, ran.all
    assert "a limit of the identity provider may be lower" in ran.out
    assert "every workspace build refreshes" in ran.out
    assert "<coder>" in "".join(ET.parse(tmp_path / "f.svg").getroot().itertext())


def test_what_cannot_be_asked_is_an_error(tmp_path: Path):
    ran = oidc_provision("forecast", cwd=tmp_path)
    assert (ran.code, ran.out) == (64, "")


def test_forecast_only_reads(story: Path):
    ran = oidc_provision("forecast", "-vv", cwd=story)
    methods = {line.split()[1:3][0] for line in ran.err.splitlines() if line.startswith("trace: ") and "/token" not in line}  # fmt: skip
    assert ran.code == 0 and methods == {"GET"}
