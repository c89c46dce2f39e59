"""What is written, its own readers read back: a shell, python-dotenv, systemd, docker, YAML, JSON."""

import contextlib
import io
import json
import re
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import which

import dotenv
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oidc_provision.plans.coder_env import CoderEnv, EnvEntry
from oidc_provision.plans.errors import Failed, ProvisionError, UsageError
from oidc_provision.plans.formats import FORMATS, FormatOptions, named
from oidc_provision.plans.sealed import Sealed

GENERATOR = Path("/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator")
TEXT, PARAMS, SECRET = "CODER_OIDC_SIGN_IN_TEXT", "CODER_OIDC_AUTH_URL_PARAMS", "CODER_OIDC_CLIENT_SECRET"
SHOWN = FormatOptions(show_secrets=True)
HARD = [
    'It\'s "SSO" $HOME %n #1 \\x',
    '{"access_type": "offline", "prompt": "consent"}',
    "",
    "\\",
    "a b\\",
    "it's\\",
    " leading and trailing ",
    "a=b==",
    "grüße 世界 🎉 é",
    "/ + = & % é space",
    "#not a comment",
    ";nor this",
    "a #b",
    '"quoted"',
    "'quoted'",
    "`id` $(id) $$ $",
    "tab\there",
    "!history",
    "yes",
    "0123",
    "1e3",
    "null",
    "~",
    "- a",
    "a: b",
    "*a",
    "{{ x }}",
    "%n%%",
    "\u200bzero\ufeffwidth",
]
MANY_LINES = ["line\nline", "\n", "a\r", "a\r\nb", "end\n"]
plain_text = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=30)


def written(name, value, **options):
    return FORMATS[name].render(CoderEnv((EnvEntry(TEXT, value),)), FormatOptions(**options))


def sourced(text, tmp_path):
    file = tmp_path / "env.sh"
    file.write_bytes(text.encode())
    command = ["sh", "-c", f'. "$1"; printf "%s." "${TEXT}"', "sh", str(file)]
    return subprocess.run(command, capture_output=True, check=True, timeout=20).stdout.decode().removesuffix(".")


def dotenv_read(text):
    return dotenv.dotenv_values(stream=io.StringIO(text, newline=""))[TEXT]


def compose_read(text):
    value = yaml.safe_load(text)["services"]["coder"]["environment"][TEXT]
    assert not re.search(r"(?<!\$)(?:\$\$)*\$(?!\$)", value), "a lone dollar sign would be expanded"
    return value.replace("$$", "$")


def helm_read(text):
    (entry,) = yaml.safe_load(text)["coder"]["env"]
    # Kubernetes' expansion: `$$` is one `$`, `$(` begins a reference, any other `$` is itself.
    assert "$(" not in entry["value"].replace("$$", "")
    return entry["value"].replace("$$", "$")


def coder_yaml_read(text):
    return yaml.safe_load(text)["oidc"]["signInText"]


READERS = {
    "dotenv": dotenv_read,
    "compose": compose_read,
    "helm": helm_read,
    "kubernetes": lambda text: yaml.safe_load(text)["stringData"][TEXT],
    "json": lambda text: json.loads(text)[TEXT],
    "coder-yaml": coder_yaml_read,
}


@pytest.mark.battery(23)
@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("value", HARD + MANY_LINES)
def test_hard_values_come_back(name, value):
    assert READERS[name](written(name, value)) == value


@pytest.mark.battery(23)
@pytest.mark.parametrize("name", READERS)
@given(value=plain_text)
def test_any_value_comes_back_or_is_refused(name, value):
    try:
        text = written(name, value)
    except Failed:
        assert name == "dotenv"
        assert "${" in value
        return
    assert READERS[name](text) == value


@pytest.mark.battery(23)
@pytest.mark.parametrize("value", HARD + MANY_LINES)
def test_a_shell_reads_back_hard_values(value, tmp_path):
    assert sourced(written("shell", value), tmp_path) == value


@pytest.mark.battery(23)
@given(value=plain_text)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_shell_reads_back_any_value(value, tmp_path):
    assert sourced(written("shell", value), tmp_path) == value


def docker_model(text):
    lines = [line.removesuffix("\r").lstrip(" \t") for line in text.split("\n")]
    pairs = [line.split("=", 1) for line in lines if line and not line.startswith("#")]
    return {name: value for name, value in pairs if " " not in name}


@pytest.mark.battery(23)
@given(value=plain_text)
def test_docker_lines_are_raw_or_refused(value):
    try:
        text = written("docker", value)
    except Failed:
        assert "\n" in value or value.endswith("\r")
        return
    assert docker_model(text) == {TEXT: value}


SYSTEMD_PIECE = re.compile(r"""'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s'"\\](?:[^\\])*)|[ \t]""", re.DOTALL)


def systemd_model(line):
    """One assignment, read piece by piece as systemd.exec(5) tells it."""
    name, _, rest = line.removesuffix("\n").partition("=")
    assert "".join(match[0] for match in SYSTEMD_PIECE.finditer(rest)) == rest
    value = ""
    for single, double, escaped, bare in SYSTEMD_PIECE.findall(rest):
        value += single + re.sub(r'\\(["\\`$])', r"\1", double) + escaped + bare.rstrip()
    return {name: value}


@pytest.mark.battery(23)
@given(value=plain_text)
def test_systemd_lines_follow_its_rules_or_are_refused(value):
    try:
        text = written("systemd", value)
    except Failed:
        assert re.search(r"[\x00-\x08\x0a-\x1f\x7f\ufdd0-\ufdef]", value) or any(
            ord(c) & 0xFFFE == 0xFFFE for c in value
        )
        return
    assert systemd_model(text) == {TEXT: value}


@pytest.mark.battery(23)
@pytest.mark.skipif(not GENERATOR.exists(), reason="systemd's environment reader is not on this machine")
# It prints tabs as `\\t`, prints nothing for an empty value, and bash would take its bare `~` for the home folder.
@pytest.mark.parametrize("value", sorted(set(HARD) - {"", "~", "tab\there"}))
def test_systemd_itself_reads_back_hard_values(value, tmp_path):
    folder = tmp_path / "environment.d"
    folder.mkdir()
    # This front end, unlike EnvironmentFile=, also expands `$`; doubled it is one.
    folder.joinpath("x.conf").write_text(written("systemd", value.replace("$", "$$")), encoding="utf-8")
    environment = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    told = subprocess.run([GENERATOR], env=environment, capture_output=True, check=True, timeout=20).stdout.decode()
    line = next(line for line in told.splitlines() if line.startswith(f"{TEXT}="))
    shell = subprocess.run(
        ["bash", "-c", f'{line}; printf "%s." "${TEXT}"'], capture_output=True, check=True, timeout=20
    )
    assert shell.stdout.decode().removesuffix(".") == value


class FakeDocker(BaseHTTPRequestHandler):
    """The create call of a docker daemon, kept for a look."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.partition("?")[0].endswith("/containers/create"):
            self.server.seen.append(json.loads(body)["Env"])
        self.answer(500)

    def do_GET(self):
        self.answer(200)

    do_HEAD = do_GET  # noqa: N815  # the name that http.server looks up

    def answer(self, status):
        body = b"{}"
        self.send_response(status)
        self.send_header("Api-Version", "1.43")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def fake_docker():
    server = ThreadingHTTPServer(("127.0.0.1", 0), FakeDocker)
    server.seen = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.battery(23)
@pytest.mark.skipif(not which("docker"), reason="the docker command is not on this machine")
def test_docker_itself_reads_back_hard_values(tmp_path):
    env = CoderEnv(tuple(EnvEntry(f"V{place}", value, "a note") for place, value in enumerate(HARD)))
    file = tmp_path / "coder.env"
    file.write_text(FORMATS["docker"].render(env, SHOWN), encoding="utf-8")
    with fake_docker() as server:
        host = f"tcp://127.0.0.1:{server.server_address[1]}"
        subprocess.run(
            ["docker", "-H", host, "run", "--pull", "never", "--env-file", str(file), "image"],
            env={"HOME": str(tmp_path), "PATH": "/usr/local/bin:/usr/bin:/bin"},
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert dict(line.split("=", 1) for line in server.seen[0]) == {each.name: each.value for each in env.entries}


SAMPLE = CoderEnv(
    (
        EnvEntry("CODER_OIDC_ISSUER_URL", "https://sso.example.com/realms/engineering"),
        EnvEntry(SECRET, Sealed("c4nary/+=&%é x")),
        EnvEntry(PARAMS, '{"access_type": "offline"}', "what Google needs\nand what is not\\"),
    )
)


@pytest.mark.parametrize("name", FORMATS)
def test_a_secret_is_left_out_and_never_stood_in_for(name):
    text = FORMATS[name].render(SAMPLE, FormatOptions())
    assert "c4nary" not in text
    assert not re.search(rf"{SECRET}\W*[=:]", text)
    assert (f"# {SECRET}" in text) == (name != "json")


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"coder-yaml"}))
def test_a_secret_is_written_when_asked_for(name):
    assert "c4nary/+=&%é x" in FORMATS[name].render(SAMPLE, SHOWN)


def test_coders_yaml_holds_native_values_and_never_a_secret():
    env = SAMPLE.with_entry("CODER_OIDC_SCOPES", "openid,offline_access").with_entry("CODER_OIDC_ALLOW_SIGNUPS", "T")
    env = env.with_entry("CODER_SESSION_DURATION", "168h").with_entry("CODER_OIDC_REPAIR_LINKS", "true")
    env = env.with_entry("CODER_OIDC_USER_ROLE_MAPPING", '{"a": ["owner", "it\'s"]}')
    text = FORMATS["coder-yaml"].render(env, SHOWN)
    assert "c4nary" not in text
    assert "# CODER_OIDC_REPAIR_LINKS has no YAML key" in text
    assert yaml.safe_load(text) == {
        "oidc": {
            "issuerURL": "https://sso.example.com/realms/engineering",
            "authURLParams": {"access_type": "offline"},
            "scopes": ["openid", "offline_access"],
            "allowSignups": True,
            "userRoleMapping": {"a": ["owner", "it's"]},
        },
        "networking": {"http": {"sessionDuration": "168h"}},
    }


def test_helm_takes_the_secret_from_the_secret_that_is_named():
    text = FORMATS["helm"].render(SAMPLE, FormatOptions(kubernetes_secret="coder-oidc"))
    assert "c4nary" not in text
    entry = {"name": SECRET, "valueFrom": {"secretKeyRef": {"name": "coder-oidc", "key": SECRET}}}
    assert entry in yaml.safe_load(text)["coder"]["env"]


def test_the_secret_manifest_is_complete():
    manifest = yaml.safe_load(FORMATS["kubernetes"].render(SAMPLE, FormatOptions(show_secrets=True, namespace="coder")))
    assert (manifest["kind"], manifest["type"]) == ("Secret", "Opaque")
    assert manifest["metadata"] == {"name": "coder-oidc", "namespace": "coder"}
    assert manifest["stringData"][SECRET] == "c4nary/+=&%é x"


@pytest.mark.parametrize("name", ["compose", "helm", "kubernetes", "coder-yaml", "json"])
def test_a_sink_without_anything_to_show_is_still_valid(name):
    text = FORMATS[name].render(CoderEnv((EnvEntry(SECRET, Sealed("c4nary")),)), FormatOptions())
    assert yaml.safe_load(text) is not None or name == "coder-yaml"


REFUSALS = [(name, "CODER_X", "a\0b") for name in FORMATS if name != "coder-yaml"]
REFUSALS += [(name, "CODER_X", "bad\ud800") for name in FORMATS if name != "coder-yaml"]
REFUSALS += [("docker", TEXT, "a\nb"), ("docker", TEXT, "x" * 70_000), ("systemd", TEXT, "a\nb")]
REFUSALS += [("dotenv", TEXT, "a${HOME}b"), ("coder-yaml", PARAMS, '{"a": [1]}'), ("coder-yaml", TEXT, "a\0")]


@pytest.mark.battery(23)
@pytest.mark.parametrize(("name", "variable", "value"), REFUSALS)
def test_what_a_sink_cannot_carry_is_refused_by_name_and_not_shown(name, variable, value):
    with pytest.raises(ProvisionError) as caught:
        FORMATS[name].render(CoderEnv((EnvEntry(variable, Sealed(value) if name != "coder-yaml" else value),)), SHOWN)
    assert f"`{variable}`" in caught.value.message
    assert caught.value.fix
    assert value not in caught.value.message


def test_names_that_no_environment_has_and_formats_that_do_not_exist_are_refused():
    with pytest.raises(UsageError, match="no name of an environment variable"):
        FORMATS["shell"].render(CoderEnv((EnvEntry("A;id", "x"),)), SHOWN)
    with pytest.raises(UsageError, match="there is no format `toml`"):
        named("toml")
