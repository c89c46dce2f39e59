"""What the docs say is held to what the code does; needs no server."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import click
import pytest
import yaml
from tools.write_codes import page
from tools.write_help import help_text
from tools.write_reference import reference

from oidc_provision.cli.exit_codes import MEANING
from oidc_provision.cli.group import VERBS, group
from oidc_provision.plans.load import load
from oidc_provision.plans.model import Client, Coder, RefreshTokens
from oidc_provision.provisioners.entra import confirming, rights
from oidc_provision.provisioners.keycloak import provisioner
from oidc_provision.provisioners.oidc import coder_side, judging, of_plan, probes, verifying
from oidc_provision.provisioners.registry import Kind, PlanKinds, kinds
from oidc_provision.provisioners.registry import load as load_kind

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted(ROOT.glob("provisioners/*/README.md")),
]
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def test_help_text_is_what_click_renders():
    assert (ROOT / "cli" / "help.txt").read_text(encoding="utf-8") == help_text()


def test_page_of_codes_is_what_the_registers_say():
    told = (ROOT / "docs" / "codes.md").read_text(encoding="utf-8")
    assert told == page(), "write docs/codes.md anew: python -m tools.write_codes"


def test_page_of_the_command_line_is_what_the_commands_say():
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == reference()


def names_in(path: Path) -> set[str]:
    """Return every name that a module defines, and those of its classes."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return {node.name for node in nodes if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))}


def test_every_step_in_the_life_of_a_client_is_where_the_page_says():
    steps = re.findall(r"`([\w/]+\.py): (\w+)`", (ROOT / "docs" / "life-of-a-client.md").read_text(encoding="utf-8"))
    assert len(steps) > 20
    assert [(path, name) for path, name in steps if name not in names_in(ROOT / path)] == []


def test_page_for_a_new_identity_provider_names_what_the_registry_asks_for():
    text = (ROOT / "docs" / "adding-an-identity-provider.md").read_text(encoding="utf-8")
    assert [name for name in Kind.__annotations__ if f"| `{name}` |" not in text] == []
    files = re.findall(r"^\| `([\w.]+/?)` \|", text, re.MULTILINE)
    missing = [f for f in files if "." in f and not (ROOT / "provisioners" / "keycloak" / f).exists()]
    assert missing == []


READS = re.compile(r"""environ(?:ment)?(?:\.get\(|\[|\b.*\bin\b )"([A-Z_]+)"|"([A-Z_]{4,})" in os\.environ""")


def test_every_variable_that_is_read_is_documented():
    text = (ROOT / "docs" / "environment.md").read_text(encoding="utf-8")
    sources = [
        path
        for room in ("cli", "provisioners", "tools", "tests/live", "tests/bench")
        for path in (ROOT / room).rglob("*.py")
    ]
    read = {
        name for path in sources for pair in READS.findall(path.read_text(encoding="utf-8")) for name in pair if name
    }
    own = {name for name in read if name not in ("PATH", "HOME", "PWD")}
    assert {"NO_COLOR", "KEYCLOAK_URL", "_OIDC_PROVISION_COMPLETE"} <= own
    assert sorted(name for name in own if f"`{name}" not in text) == []


@pytest.mark.parametrize("page_path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(page_path: Path):
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page_path.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (page_path.parent / link).exists()] == []


@pytest.mark.parametrize("page_path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_whole_plans_in_the_docs_are_valid(page_path: Path):
    blocks = [
        text
        for kind, text in BLOCK.findall(page_path.read_text(encoding="utf-8"))
        if kind == "yaml" and "version: 1" in text
    ]
    for text in blocks:
        assert len(load([("docs.yaml", text.encode())], PlanKinds())) == 1


def test_readme_lists_every_verb_and_every_kind():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [verb for verb in VERBS if f"| `{verb}` |" not in text] == []
    rowless = [kind for kind in kinds() if f"| `{kind}` |" not in text]
    assert not rowless, f"README.md lacks a row for {', '.join(rowless)}: see docs/adding-an-identity-provider.md"


def test_exit_codes_are_documented_in_the_same_words():
    text = (ROOT / "docs" / "pipelines.md").read_text(encoding="utf-8")
    assert [code for code, (short, more) in MEANING.items() if f"| {code} | {short} | {more} |" not in text] == []


def test_every_key_of_the_plan_language_is_documented():
    text = (ROOT / "docs" / "plan-file.md").read_text(encoding="utf-8")
    keys = [f"coder.{name}" for name in Coder.model_fields] + [f"client.{name}" for name in Client.model_fields]
    keys += [f"refresh_tokens.{name}" for name in RefreshTokens.model_fields]
    assert [key for key in keys if f"`{key}`" not in text] == []


@pytest.mark.parametrize("kind", kinds())
def test_every_key_of_a_kind_is_documented(kind: str):
    page_path = ROOT / "provisioners" / kind / "README.md"
    assert page_path.is_file(), f"write provisioners/{kind}/README.md: see docs/adding-an-identity-provider.md"
    text = page_path.read_text(encoding="utf-8")
    described = load_kind(kind).KIND
    own = set(described.client.model_fields) - set(Client.model_fields)
    assert [key for key in own if f"`client.{key}`" not in text and f"`.{key}`" not in text] == []
    shared = () if described.shared is None else described.shared.model_fields
    assert [key for key in shared if f"`{key}`" not in text and f"`shared.{key}`" not in text] == []
    # `type` is the page's own name
    settings = set(described.settings.model_fields) - {"type"}
    assert [key for key in settings if f"`{key}`" not in text and f"{key}:" not in text] == []


def test_rights_that_the_page_of_entra_names_are_those_that_the_tool_asks_for():
    text = (ROOT / "provisioners" / "entra" / "README.md").read_text(encoding="utf-8")
    needs = [*rights.needed(writing=True, consent=True, frequency=True, lifetime=True), rights.READING_APPS]
    assert [need.least for need in needs if f"`{need.least}`" not in text] == []
    assert [role for role in re.findall(r"([0-9a-f-]{36})=Role", text) if role not in rights.ROLE_IDS.values()] == []


def test_every_step_of_verify_is_documented_and_every_documented_one_exists():
    text = (ROOT / "docs" / "verify.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    told = {name for row in rows for name in re.findall(r"`([a-z-]+)`", row)}
    modules = (verifying, of_plan, probes, judging, coder_side, provisioner, confirming)
    pairs = [value for module in modules for value in vars(module).values() if isinstance(value, tuple)]
    steps = {pair[0] for pair in pairs if len(pair) == 2 and all(isinstance(each, str) for each in pair)}
    assert told == steps - {"openid", "defaultClientScopes"}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_and_option_has_help(verb: str):
    command = group.get_command(None, verb)  # type: ignore[arg-type]  # the group does not need a context
    assert command.help
    assert [each.name for each in command.params if isinstance(each, click.Option) and not each.help] == []


def test_changelog_is_written_for_users_under_known_headings():
    headings = re.findall(r"^### (.*)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(headings) <= {"Added", "Changed", "Fixed", "Removed"}


def test_hooks_file_names_a_command_that_exists():
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert all(hook["entry"].split()[1] in VERBS for hook in hooks)
