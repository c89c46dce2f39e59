"""The rules of the tree that import contracts cannot say because they are about folders that do not exist yet."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PROVISIONERS = ROOT / "provisioners"
KINDS = sorted(folder.name for folder in PROVISIONERS.iterdir() if (folder / "settings.py").is_file())
PYTHON = [path for room in ("plans", "provisioners", "cli") for path in sorted((ROOT / room).rglob("*.py"))]

ROOMS = (
    "settings.py",
    "wants.py",
    "provisioner.py",
    "habits.py",
    "codes.py",
    "meanings.py",
    "README.md",
    "example.yaml",
)
"""The files that every kind has, as docs/adding-an-identity-provider.md says."""


def imported(path: Path) -> set[str]:
    """Return the absolute dotted names that a module imports."""
    package = ("oidc_provision", *path.relative_to(ROOT).parent.parts)
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            names |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return names


def reaches(path: Path, kind: str) -> bool:
    room = f"oidc_provision.provisioners.{kind}"
    return any(name == room or name.startswith(room + ".") for name in imported(path))


@pytest.mark.parametrize("kind", KINDS)
def test_no_identity_provider_is_imported_from_outside_its_folder(kind: str):
    outside = [path for path in PYTHON if PROVISIONERS / kind not in path.parents]
    assert [str(path.relative_to(ROOT)) for path in outside if reaches(path, kind)] == []


@pytest.mark.parametrize("kind", KINDS)
def test_folder_of_an_identity_provider_is_complete(kind: str):
    folder = PROVISIONERS / kind
    missing = [f"provisioners/{kind}/{room}" for room in ROOMS if not (folder / room).is_file()]
    assert not missing, f"write {', '.join(missing)}: see docs/adding-an-identity-provider.md"


def test_httpx_is_imported_at_run_time_by_the_transport_alone():
    importers = {str(path.relative_to(ROOT)) for path in PYTHON if _imports_at_run_time(path, "httpx")}
    assert importers == {"provisioners/transport.py"}


def _imports_at_run_time(path: Path, name: str) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = [
        node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
    ]
    skipped = {id(inner) for block in typing_only for inner in ast.walk(block)}
    nodes = [node for node in ast.walk(tree) if id(node) not in skipped]
    plain = any(isinstance(node, ast.Import) and any(alias.name == name for alias in node.names) for node in nodes)
    return plain or any(isinstance(node, ast.ImportFrom) and node.module == name for node in nodes)


def test_packaging_holds_what_the_wheel_needs():
    links = {link.name for link in (ROOT / ".src" / "oidc_provision").iterdir() if link.is_symlink()}
    assert links == {"__init__.py", "py.typed", "plans", "provisioners", "cli"}


def test_no_path_of_a_machine_and_no_registry_host_is_in_the_project():
    forbidden = ("/work/", "/root/", "pypi" + ".org", "repo1" + ".maven", "registry" + ".npmjs", "proxy" + ".golang")
    texts = [
        p
        for p in ROOT.rglob("*")
        if (p.is_file() and p.suffix in (".py", ".md", ".toml", ".txt", ".yaml", ".yml"))
        or p.name in ("Makefile", "run")
    ]
    ours = [
        p
        for p in texts
        if not {".venv", ".venv-demo", ".venv-schemathesis", ".cache", ".git", ".src"} & set(p.relative_to(ROOT).parts)
        and p != Path(__file__)
    ]
    assert [str(p) for p in ours if any(word in p.read_text(encoding="utf-8") for word in forbidden)] == []
