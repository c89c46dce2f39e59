"""The help: quick, whole, and there for every verb and option."""

import json
import shutil
import subprocess
import sys

import click
import pytest
from tests.command import ROOT, oidc_provision

from oidc_provision import __version__
from oidc_provision.cli.group import MODULES, VERBS, group

HEAVY = {"pydantic", "pydantic_core", "httpx", "rich", "cryptography", "yaml", "keycloak", "ssl", "asyncio"}
LOOK = """
import json, sys
from oidc_provision.cli.main import run
code = run(sys.argv[1:])
print(json.dumps([code, sorted({name.split(".")[0] for name in sys.modules}), "importlib.metadata" in sys.modules]), file=sys.stderr)
"""


def loaded(*args: str) -> tuple[int, set[str], bool]:
    """Exit code, what was imported, and whether anybody asked for installed distributions."""
    env = {"PYTHONPATH": str(ROOT / ".src"), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path += {sys.path!r}\n{LOOK}", *args],
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    code, modules, metadata = json.loads(done.stderr.splitlines()[-1])
    return code, set(modules), metadata


@pytest.mark.parametrize(
    "args", [["--help"], ["-h"], ["--version"], ["plan", "--help"], ["apply", "-h"], ["completion", "bash"]]
)
def test_help_and_completion_import_nothing_heavy_and_look_nothing_up(args):
    code, modules, metadata = loaded(*args)
    assert (code, modules & HEAVY, metadata) == (0, set(), False)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_shows_its_help(command, verb):
    ran = command(verb, "--help")
    assert ran.code == 0 and ran.out.startswith(f"Usage: oidc-provision {verb}")


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_has_a_sentence(verb):
    found = group.get_command(click.Context(group), verb)
    assert found is not None and found.name == verb and found.help
    for option in found.params:
        if isinstance(option, click.Option):
            assert option.help and option.help[0].isupper() and option.help.endswith("."), option.name


def test_every_module_of_a_verb_is_listed():
    files = {file.stem for file in (ROOT / "cli/commands").glob("*.py")} - {"__init__"}
    assert files == {MODULES.get(verb, verb) for verb in VERBS}


def test_no_arguments_show_the_help_and_end_in_usage():
    ran = oidc_provision()
    assert (ran.code, ran.out) == (64, "") and ran.err.startswith("Usage:")


def test_the_version_is_the_packages():
    assert oidc_provision("--version").out == f"oidc-provision {__version__}\n"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["plna"], "Did you mean `plan`?"),
        (["qqqq"], "There is no command `qqqq`."),
        (["plan", "--detailed-exit"], "--detailed-exitcode"),
        (["plan", "--format", "yaml"], "'yaml' is not one of"),
        (["plan", "--parallelism", "0"], "1<=x<=64"),
        (["plan", "--out"], "requires an argument"),
        (["import"], "CLIENT"),
        (["env", "--format", "dotenvy"], "dotenv"),
        (["--nonsense"], "--nonsense"),
        (["explain", "²"], "there is no code"),
        (["explain", "rotation-rase"], "did you mean `rotation-race`?"),
        (["completion", "tcsh"], "tcsh"),
        (["validate", "no-such-file.yaml"], "no-such-file.yaml"),
        (["plan", "no-such-file.yaml"], "no-such-file.yaml"),
    ],
)
def test_a_command_that_cannot_be_meant_ends_in_sixty_four(here, args, words):
    ran = here.command(*args)
    assert (ran.code, ran.out, "Traceback" in ran.err) == (64, "", False)
    assert words in ran.err


SHELLS = {"bash": ["bash", "-n"], "zsh": ["zsh", "-n"], "fish": ["fish", "--no-execute"]}


@pytest.mark.parametrize("shell", SHELLS)
def test_the_completion_script_is_taken_by_its_shell(tmp_path, shell):
    script = tmp_path / "script"
    ran = oidc_provision("completion", shell)
    script.write_text(ran.out)
    assert "_OIDC_PROVISION_COMPLETE" in ran.out
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    done = subprocess.run([*SHELLS[shell], str(script)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("oidc-provision pl", {"plan"}),
        ("oidc-provision plan --det", {"--detailed-exitcode"}),
        ("oidc-provision env --format kube", {"kubernetes"}),
    ],
)
def test_completion_completes(words, expected):
    env = {"_OIDC_PROVISION_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    done = oidc_provision(env=env)
    assert {line.partition(",")[2] for line in done.out.split()} == expected
