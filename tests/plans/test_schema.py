import json
import subprocess
import sys

import pytest

from oidc_provision.plans.schema import json_schema

from .plan_files import EXAMPLE, KINDS, edited, load_text


@pytest.fixture
def check(tmp_path):
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps(json_schema(KINDS)))

    def run(*texts):
        plans = [tmp_path / f"plan{number}.yaml" for number in range(len(texts))]
        for plan, text in zip(plans, texts, strict=True):
            plan.write_text(text)
        arguments = ["--schemafile", schema, *plans] if plans else ["--check-metaschema", schema]
        return subprocess.run(
            [sys.executable, "-m", "check_jsonschema", *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
        )

    return run


VALID = [
    EXAMPLE,
    edited("max_lifetime: 90d", "max_lifetime: unlimited"),
    edited("idle_timeout: 30d", "idle_timeout: null"),
    edited("scopes: [openid, profile, email]", "scopes: [openid, {name: x, kind: default}]"),
    edited("groups_claim: groups", "groups_claim: {name: g, from: realm_roles}"),
    edited('version: "2.34"', "version: 2.30"),
    edited('{store: "file:secrets/coder.env#CODER_OIDC_CLIENT_SECRET"}', "{from: {exec: [op, read]}}"),
    edited("{client_id: oidc-provision, client_secret: env:KEYCLOAK_ADMIN_SECRET}", "{username: a, password: file:b}"),
    edited("lifetime: 30m", "#"),
    edited("revoke_refresh_token: false", "#"),
]


def test_schema_is_a_schema(check):
    assert check().returncode == 0


def test_what_the_loader_takes_the_schema_takes(check):
    for text in VALID:
        load_text(text)
    run = check(*VALID)
    assert run.returncode == 0, run.stdout


WRONG = [
    ("realm: engineering", "realmm: engineering", "$.identity_provider: ", "realmm"),
    ("realm: engineering", "realm: 5", "$.identity_provider.realm: ", "string"),
    ("revoke_refresh_token: false", "revoke_refresh: false", "$.shared: ", "revoke_refresh"),
    ("  name: Coder", "  nam: Coder", "$.client: ", "nam"),
    ("type: keycloak", "type: keykloak", "$.identity_provider.type: ", "keykloak"),
    ("access_tokens:", "acces_tokens:", "$: ", "acces_tokens"),
]


@pytest.mark.parametrize(("old", "new", "place", "name"), WRONG)
def test_message_of_a_validator_names_the_wrong_field(check, old, new, place, name):
    run = check(edited(old, new))
    assert run.returncode == 1
    assert any(place in line and name in line for line in run.stdout.splitlines()), run.stdout


def undescribed(schema, definitions, path=""):
    for name, field in schema.get("properties", {}).items():
        target = definitions.get(field.get("$ref", "").rpartition("/")[2], {})
        if not (field.get("description") or target.get("description") or name == "exec"):
            yield f"{path}.{name}"


def test_every_field_has_a_description_for_editors():
    schema = json_schema(KINDS)
    missing = [name for part, body in schema["$defs"].items() for name in undescribed(body, schema["$defs"], part)]
    assert [*missing, *undescribed(schema, schema["$defs"])] == []
