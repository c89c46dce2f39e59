"""Rows 1 to 15: files that are no plans, and plans that mean harm. The whole command, in a process of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest
from tests.battery.clean import (
    ADMIN,
    CANARY,
    Listener,
    assert_clean,
    assert_no_accident,
    measured,
    plan_for,
    shell,
    without_root,
)
from tests.cli.children import PLAN
from tests.command import Ran, oidc_provision

Refused = Callable[..., Ran]
GOOD = PLAN.format(port=9)


def edited(old: str, new: str) -> str:
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


@pytest.mark.battery(1)
@pytest.mark.parametrize("text", ["", "# only\n# comments\n", "\n\n \n", "---\n", "---\n...\n", "\ufeff"])
def test_a_file_without_a_plan_is_told_of(refused: Refused, text: str):
    refused(text, "the plan is empty")


BYTES = {
    "not UTF-8": (GOOD.encode() + b"# \xe9\n", "not UTF-8: byte "),
    "UTF-16": (GOOD.encode("utf-16"), "the file is UTF-16"),
    "UTF-16 without a mark": (GOOD.encode("utf-16-le"), "bad.yaml"),
    "NUL": (GOOD.encode() + b"a: \x00\n", "bad.yaml:9:4", "U+0000"),
    "BEL": (GOOD.encode() + b"a: b\x07\n", "bad.yaml:9:5", "U+0007"),
    "half a character": (GOOD.encode() + b'a: "\\ud800"\n', "bad.yaml:9:7"),
    "half a character as bytes": (GOOD.encode() + b"a: \xed\xa0\x80\n", "byte "),
}


@pytest.mark.battery(2)
@pytest.mark.parametrize("case", BYTES)
def test_bytes_that_are_no_text_are_named_with_their_place(refused: Refused, case: str):
    refused(*BYTES[case])


@pytest.mark.battery(3)
@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a:\n\tb: 1\n", ":2:1"),
        ("\ta: 1\n", ":1:1"),
        ('a: "x\nb: 2\n', ":1:4"),
        ("a: 'x\n", ":1:4"),
        ("a: [1\n", ":1:4"),
    ],
)
def test_yaml_that_is_broken_is_named_by_line_and_column(refused: Refused, text: str, place: str):
    refused(text, f"bad.yaml{place}")


@pytest.mark.battery(4)
@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "[{a: ", "!t ["])
def test_endless_nesting_is_refused_and_no_crash(refused: Refused, opening: str):
    refused(opening * 200_000, "error: ")


BOMB = "a0: &a0 [x]\n" + "".join(f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]\n" for n in range(60))
LARGE = {
    "alias bomb": BOMB,
    "alias of itself": "a: &x [*x]\n",
    "10 MB": "# a comment\n" * 900_000,
    "10 MB in one line": "a: " + "x" * 10_000_000,
    "a million keys": "".join(f"key{number}: 1\n" for number in range(1_000_000)),
    "a million keys in one line": "{" + ",".join(f"{number:x}: 1" for number in range(1_000_000)) + "}",
}


@pytest.mark.battery(5)
@pytest.mark.parametrize("case", LARGE)
def test_what_would_fill_the_memory_is_refused_in_little_of_it(tmp_path: Path, case: str):
    (tmp_path / "bad.yaml").write_text(LARGE[case])
    ran, peak = measured("validate", "bad.yaml", cwd=tmp_path)
    assert_clean(ran, 64, "bad.yaml")
    assert peak < 150


@pytest.mark.battery(6)
def test_a_key_that_stands_twice_is_named_with_both_places(refused: Refused):
    refused(GOOD + "version: 1\n", "bad.yaml:9:1", "the first one is in line 1, column 1")


@pytest.mark.battery(6)
def test_a_client_of_two_plans_is_named_with_both_places(refused: Refused, listener: Listener):
    refused(plan_for(listener), "good.yaml:8:14", "bad.yaml:8:14")


STRANGE = {
    "Python object": "a: !!python/object/apply:os.system ['touch pwned']\n",
    "Python name": "a: !!python/name:os.system\n",
    "custom tag": "a: !mine x\n",
    "tag of a list": "a: !!set {x}\n",
    "second document": "--- \nb: 1\n",
    "merge key": "<<: {a: 1}\n",
    "document that ends": "...\na: 1\n",
}


@pytest.mark.battery(7)
@pytest.mark.parametrize("case", STRANGE)
def test_yaml_beyond_plans_is_refused_and_nothing_of_it_is_run(refused: Refused, case: str):
    refused(GOOD + STRANGE[case], "bad.yaml:")


TYPOS = [
    ("realm: engineering", "raelm: engineering", "`realm`"),
    ("client: {id", "clinet: {id", "`client`"),
    ("type: keycloak", "type: keyclaok", "`keycloak`"),
    ("{id: coder}", "{id: coder}\nrefresh_tokens: {rotation: rotat}", "`rotate`"),
    ("{id: coder}", "{id: coder}\nrefresh_token: {}", "`refresh_tokens`"),
    ("client_secret: env", "client_secert: env", "`client_secret`"),
]


@pytest.mark.battery(8)
@pytest.mark.parametrize(("old", "new", "meant"), TYPOS)
def test_a_misspelt_word_comes_with_what_was_meant(refused: Refused, old: str, new: str, meant: str):
    refused(edited(old, new), f"did you mean {meant}?")


ODD = [
    ("access_tokens: {lifetime: no}", "is no duration"),
    ("access_tokens: {lifetime: yes}", "is no duration"),
    ("access_tokens: {lifetime: on}", "is no duration"),
    ("access_tokens: {lifetime: 0755}", "is the bare number 755"),
    ("access_tokens: {lifetime: .nan}", "without a unit"),
    ("access_tokens: {lifetime: -30m}", "is negative"),
    ("access_tokens: {lifetime: -30}", "is negative"),
    ("access_tokens: {lifetime: true}", "`access_tokens.lifetime`"),
    (f"access_tokens: {{lifetime: {'9' * 5000}}}", "more than 4,300 digits"),
    (f"access_tokens: {{lifetime: {'9' * 4000}d}}", "`access_tokens.lifetime`"),
    ("shared: {revoke_refresh_token: yes}", "must be true or false, not text"),
    ("shared: {refresh_token_max_reuse: true}", "must be a whole number"),
    ("shared: {refresh_token_max_reuse: -1}", "must be 0 or more"),
    ("shared: {refresh_token_max_reuse: .inf}", "must be a whole number"),
    ("env: {CODER_OIDC_SIGN_IN_TEXT: 0755}", "put it in quotes"),
]


@pytest.mark.battery(9)
@pytest.mark.parametrize(("line", "words"), ODD)
def test_a_value_that_yaml_reads_oddly_is_refused_by_name(refused: Refused, line: str, words: str):
    refused(f"{GOOD}{line}\n", "bad.yaml:9:", words)


@pytest.mark.battery(9)
@pytest.mark.parametrize("word", ["no", "yes", "on", "off", "y", "NO"])
def test_a_word_that_other_readers_take_for_a_boolean_stays_a_word(tmp_path: Path, word: str):
    (tmp_path / "plan.yaml").write_text(f"{GOOD}env: {{CODER_OIDC_SIGN_IN_TEXT: {word}}}\n")
    assert oidc_provision("validate", "plan.yaml", cwd=tmp_path).code == 0


@pytest.mark.battery(10)
@pytest.mark.parametrize(
    ("lifetimes", "words"),
    [
        ("refresh_tokens: {idle_timeout: 90d, max_lifetime: 30d}", "`refresh_tokens.idle_timeout` is 90d"),
        ("refresh_tokens: {max_lifetime: 1h}\naccess_tokens: {lifetime: 2h}", "`access_tokens.lifetime` is 2h"),
    ],
)
def test_lifetimes_that_contradict_each_other_are_an_error(tmp_path: Path, lifetimes: str, words: str):
    (tmp_path / "plan.yaml").write_text(f"{GOOD}{lifetimes}\n")
    ran = oidc_provision("validate", "plan.yaml", cwd=tmp_path)
    assert_no_accident(ran)
    assert ran.code == 4 and "[lifetimes-contradict]" in ran.err and words in ran.err
    assert "plan.yaml:" in ran.err


ADDRESSES = {
    "wildcard": ("https://*.example.com", "a wildcard"),
    "fragment": ("https://coder.example.com/#x", "a fragment"),
    "user": ("https://me:word@coder.example.com", "a user name"),
    "host as user": ("https://coder.example.com@evil.example", "a user name"),
    "trailing dot": ("https://coder.example.com.", "ends with a dot"),
    "look-alike letters": ("https://c\u043eder.example.com", "not ASCII"),
    "wide letters": ("https://\uff43oder.example.com", "not ASCII"),
    "backslash": ("https://coder.example.com\\\\@evil.example", "a backslash"),
    "query": ("https://coder.example.com?next=x", "a query"),
    "no scheme": ("coder.example.com", "no http or https URL"),
    "script": ("javascript:alert(1)", "no http or https URL"),
    "way up": ("https://coder.example.com/a/../b", "`..`"),
}


@pytest.mark.battery(11)
@pytest.mark.parametrize("key", ["access_url", "redirect_url", "url"])
@pytest.mark.parametrize("case", ADDRESSES)
def test_an_address_that_misleads_is_refused(tmp_path: Path, case: str, key: str):
    address, words = ADDRESSES[case]
    stated = f'{key}: "{address}"'
    old, new = {
        "url": ("url: http://127.0.0.1:9", stated),
        "access_url": ('access_url: "https://coder.example.com"', stated),
        "redirect_url": ('version: "2.34"', f'version: "2.34", {stated}'),
    }[key]
    (tmp_path / "bad.yaml").write_text(edited(old, new), encoding="utf-8")
    assert_clean(shell("$OP validate bad.yaml", tmp_path), 64, "bad.yaml:", words)


@pytest.mark.battery(11)
def test_an_address_that_is_not_coders_callback_is_a_finding(tmp_path: Path):
    (tmp_path / "plan.yaml").write_text(edited('"2.34"', '"2.34", redirect_url: "https://coder.example.com/other"'))
    ran = oidc_provision("validate", "plan.yaml", cwd=tmp_path)
    assert ran.code == 0 and "[redirect-not-callback]" in ran.err and "/api/v2/users/oidc/callback" in ran.err


NAMES = ["../master", "%2e%2e", "%2F", "a?b=c", "a#b", "a b", "🚀", "a;b", "//evil.example", "{realm}", "a\\b"]


@pytest.mark.battery(12)
@pytest.mark.parametrize("name", NAMES)
def test_a_realm_is_one_part_of_every_path_or_refused(tmp_path: Path, listener: Listener, name: str):
    text = plan_for(listener).replace("realm: engineering", f"realm: {json.dumps(name, ensure_ascii=False)}")
    (tmp_path / "plan.yaml").write_text(text, encoding="utf-8")
    ran = oidc_provision("plan", "plan.yaml", cwd=tmp_path, env=ADMIN)
    assert_no_accident(ran)
    paths = [each.split(" ", 1)[1] for each in listener.asked]
    assert {unquote(path.split("/")[2]) for path in paths} <= {name}, paths
    assert (ran.code, bool(paths)) in {(4, True), (64, False)}


DRAWING = [
    "\\x1b[31m",
    "\\x1b]8;;https://evil.example\\x07",
    "\\u202e",
    "\\u2066",
    "\\r",
    "\\x9b31m",
    "\\u2028",
    "\u202e",
]


@pytest.mark.battery(13)
@pytest.mark.parametrize("escape", DRAWING)
@pytest.mark.parametrize("place", ["id: coder", "realm: engineering"])
def test_a_name_that_draws_on_the_terminal_is_refused_and_written_out(refused: Refused, place: str, escape: str):
    key, name = place.split(": ")
    ran = refused(edited(place, f'{key}: "{name}{escape}"'), "bad.yaml:")
    assert not [each for each in ran.all if each != "\n" and not each.isprintable()]


def unreadable(path: Path) -> None:
    path.write_text(GOOD)
    path.chmod(0)


NO_FILES = {
    "folder": (lambda path: (path / "in.yaml").mkdir(parents=True), "this is a folder"),
    "pipe": (os.mkfifo, "this is a pipe"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "this is a device"),
    "terminal": (lambda path: path.symlink_to("/dev/tty"), "cannot be read"),
    "loop": (lambda path: path.symlink_to(path), "symbolic links"),
    "unreadable": (unreadable, "permission denied"),
    "below a file": (lambda path: path.symlink_to("/etc/passwd/x"), "not a directory"),
}


@pytest.mark.battery(14)
@pytest.mark.parametrize("verb", ["plan", "apply --auto-approve", "env", "validate"])
@pytest.mark.parametrize("case", NO_FILES)
def test_what_is_no_file_is_told_of_without_waiting(tmp_path: Path, case: str, verb: str):
    make, words = NO_FILES[case]
    make(tmp_path / "bad.yaml")
    ran = shell(without_root(f"setsid $OP {verb} bad.yaml"), tmp_path, **ADMIN)
    assert_clean(ran, 64, "bad.yaml", words)


INCLUDES = ["include: {}", "include: [{}]", "client: !include {}", "<<: !include {}", "coder: {{$ref: {}}}"]


@pytest.mark.battery(15)
@pytest.mark.parametrize("include", INCLUDES)
@pytest.mark.parametrize("target", ["../../../secret.yaml", "bad.yaml"])
def test_a_plan_that_would_include_another_file_is_refused_and_opens_none(
    tmp_path: Path, refused: Refused, include: str, target: str
):
    (tmp_path / "secret.yaml").write_text(f"id: {CANARY}\n")
    refused(f"{include.format(target)}\n", "bad.yaml:1:")
