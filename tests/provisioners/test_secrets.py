"""Secrets are fetched as they are, kept without loss, and never told in an error."""

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

from oidc_provision.plans.errors import SecretFailure, UsageError
from oidc_provision.plans.references import SecretReference as Ref
from oidc_provision.plans.sealed import Sealed
from oidc_provision.provisioners.secrets import SecretContext, open_store, resolve, weakness

CANARY = "c4nary-s3cret/+=&%é"
KEY = "CODER_OIDC_CLIENT_SECRET"


def fetch(reference, folder=Path(), environment=None, timeout=30.0):
    context = SecretContext(os.environ if environment is None else environment, folder, timeout)
    return asyncio.run(resolve(reference, context)).reveal()


def failed(reference, **options):
    with pytest.raises(SecretFailure) as caught:
        fetch(reference, **options)
    told = f"{caught.value.message} {caught.value.where} {caught.value.fix} {caught.value.notes}"
    assert "c4nary" not in told.replace(str(reference), "")
    assert str(reference) in told
    return told


def private(path, data):
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    path.chmod(0o600)
    return path


def shell(script):
    return Ref("exec", argv=("sh", "-c", script))


@pytest.mark.parametrize("value", [CANARY, "0123", "1e5", "true", " blanks ", "two\nlines", "$HOME"])
def test_values_are_taken_as_they_are(value, tmp_path):
    private(tmp_path / "f", value)
    assert fetch(Ref("env", "X"), environment={"X": value}) == value
    assert fetch(Ref("file", "f"), tmp_path) == value
    command = (sys.executable, "-c", "import sys; sys.stdout.buffer.write(sys.argv[1].encode())", value)
    assert fetch(Ref("exec", argv=command)) == value


@pytest.mark.battery(19)
@pytest.mark.parametrize(("data", "value"), [("s3\n", "s3"), ("s3\n\n", "s3\n"), ("s3\r\n", "s3"), ("s3\n ", "s3\n ")])
def test_one_line_end_is_stripped_once(data, value, tmp_path):
    private(tmp_path / "f", data)
    assert fetch(Ref("file", "f"), tmp_path) == value
    assert fetch(Ref("env", "X"), environment={"X": data}) == value
    assert fetch(Ref("exec", argv=("cat", str(tmp_path / "f")))) == value


BAD = [(b"", "empty"), (b"\n", "empty"), (b" \n\n", "empty"), (b"c4nary\0x", "NUL"), (b"c4nary\xff", "UTF-8")]


@pytest.mark.battery(19)
@pytest.mark.parametrize(("data", "why"), [*BAD, (b"c4nary" * 20_000, "larger")])
def test_what_cannot_be_a_secret_is_refused_without_showing_it(data, why, tmp_path):
    private(tmp_path / "f", data)
    assert why in failed(Ref("file", "f"), folder=tmp_path)
    assert why in failed(Ref("exec", argv=("cat", str(tmp_path / "f"))))


@pytest.mark.battery(19)
@pytest.mark.parametrize(
    ("value", "why"), [("", "empty"), ("\n", "empty"), ("c4nary\udcff", "UTF-8"), (None, "not set")]
)
def test_a_variable_without_a_usable_value_is_named(value, why):
    assert why in failed(Ref("env", "X"), environment={} if value is None else {"X": value})


@pytest.mark.battery(20)
@pytest.mark.parametrize("bits", [0o644, 0o640, 0o604, 0o620, 0o602])
def test_a_file_that_others_may_read_or_write_is_refused(bits, tmp_path):
    private(tmp_path / "f", CANARY).chmod(bits)
    assert f"chmod 600 {tmp_path / 'f'}" in failed(Ref("file", "f"), folder=tmp_path)


def test_a_projected_mount_may_be_readable(tmp_path):
    (tmp_path / "..2026_01_01").mkdir()
    (tmp_path / "..data").symlink_to("..2026_01_01")
    (tmp_path / "..2026_01_01" / "key").write_text(CANARY)
    (tmp_path / "key").symlink_to("..data/key")
    assert fetch(Ref("file", str(tmp_path / "key"))) == CANARY


def test_a_link_to_a_file_of_our_own_is_followed(tmp_path):
    private(tmp_path / "f", CANARY)
    (tmp_path / "link").symlink_to("f")
    assert fetch(Ref("file", "link"), tmp_path) == CANARY


@pytest.mark.battery(20)
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a file of somebody else")
def test_a_link_to_a_file_of_another_owner_is_refused(tmp_path):
    os.chown(private(tmp_path / "f", CANARY), 12345, 12345)
    (tmp_path / "link").symlink_to("f")
    assert "another owner" in failed(Ref("file", "link"), folder=tmp_path)


@pytest.mark.parametrize("body", ["", "#KEY", "missing", ".", "nul\0"])
def test_a_file_that_is_none_is_named(body, tmp_path):
    failed(Ref("file", body), folder=tmp_path)


def test_a_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "f", 0o600)
    assert "no regular file" in failed(Ref("file", "f"), folder=tmp_path)


def test_a_key_of_a_dotenv_file_is_found(tmp_path):
    private(tmp_path / "f", f"# {KEY}=no\nX=1\nexport {KEY}='old'\n{KEY}=\"a\\nb\" # yes\n")
    assert fetch(Ref("file", f"f#{KEY}"), tmp_path) == "a\nb"
    assert "no `OTHER`" in failed(Ref("file", "f#OTHER"), folder=tmp_path)


@pytest.mark.parametrize(("text", "why"), [("K=\n", "empty"), ("K=c4nary${X}\n", "${ }"), ("K='c4nary\n", "line 1")])
def test_a_key_without_a_certain_value_is_refused(text, why, tmp_path):
    private(tmp_path / "f", text)
    assert why in failed(Ref("file", "f#K"), folder=tmp_path)


@pytest.mark.battery(21)
def test_a_command_gets_no_input_no_terminal_and_our_environment(tmp_path):
    assert fetch(shell("cat; printf x")) == "x"
    assert fetch(shell("(: </dev/tty) 2>/dev/null && echo terminal || echo none")) == "none"
    assert fetch(shell('printf %s "$A"'), environment={"A": CANARY, "PATH": os.environ["PATH"]}) == CANARY
    assert fetch(Ref("exec", argv=("echo", "$HOME;", "id"))) == "$HOME; id"


@pytest.mark.battery(21)
def test_a_command_that_hangs_is_killed_with_all_it_started(tmp_path):
    late = tmp_path / "late"
    told = failed(shell(f"(sleep 1; touch {late}) & echo c4nary; sleep 60"), timeout=0.3)
    assert "did not end within 0.3 s" in told
    time.sleep(1.2)
    assert not late.exists()


@pytest.mark.battery(21)
def test_a_child_that_left_the_group_does_not_hold_us_up():
    detach = "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(3)"
    assert "did not end" in failed(Ref("exec", argv=(sys.executable, "-c", detach)), timeout=0.5)


@pytest.mark.battery(21)
def test_a_flood_is_stopped():
    assert "more than 1048576 bytes" in failed(Ref("exec", argv=("yes", "c4nary")))


@pytest.mark.battery(21)
@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("exit 3", "exit code 3"),
        ("kill -9 $$", "signal 9"),
        ("echo 'You are not signed in.' >&2; exit 1", "You are not signed in."),
        ("echo 'token c4nary-s3cret is bad' >&2; exit 1", "token ... is bad"),
        ("echo c4nary; echo 'got c4nary' >&2; exit 1", "not shown"),
        ("echo plainword; echo 'got plainword!' >&2; exit 1", "not shown"),
        ("yes 'oh no' | head -c 5000000 >&2; exit 1", "oh no"),
    ],
)
def test_a_command_that_fails_is_told_of_without_its_secrets(script, told):
    message = failed(shell(script)).replace(str(shell(script)), "")
    assert told in message
    assert "got plainword" not in message
    assert len(message) < 600


@pytest.mark.parametrize("argv", [("/no/such/command",), ("nul\0",), ()])
def test_a_command_that_cannot_be_run_is_named(argv):
    failed(Ref("exec", argv=argv))


def test_an_unknown_scheme_names_the_known_ones():
    for call in (fetch, lambda reference: open_store(reference, SecretContext({}, Path()))):
        with pytest.raises(UsageError) as caught:
            call(Ref("smoke", "signal"))
        assert "`file:`" in caught.value.fix


def store(body, folder):
    return open_store(Ref("file", body), SecretContext({}, folder))


@pytest.mark.parametrize("body", ["secrets/deep/f", f"secrets/deep/f#{KEY}"])
@pytest.mark.parametrize("value", [CANARY, "0123", 'it\'s "x" # \\', "two\nlines", "a\\"])
def test_a_store_gives_back_what_it_was_given(body, value, tmp_path):
    kept = store(body, tmp_path)
    assert asyncio.run(kept.read()) is None
    asyncio.run(kept.write(Sealed(value)))
    assert asyncio.run(kept.read()) == Sealed(value)
    assert fetch(Ref("file", body), tmp_path) == value
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "secrets/deep/f").stat().st_mode & 0o777 == 0o600


def test_a_store_keeps_the_other_keys_comments_and_order(tmp_path):
    file = private(tmp_path / "f", f"# mine\nA='1'\n{KEY}=old # why\nB=2")
    asyncio.run(store(f"f#{KEY}", tmp_path).write(Sealed("new")))
    assert file.read_text() == f"# mine\nA='1'\n{KEY}=new # why\nB=2"


@pytest.mark.parametrize(("body", "text"), [("f", ""), ("f", "\n"), ("f#K", ""), ("f#K", "K=\n"), ("f#K", "L=1\n")])
def test_a_store_that_is_not_filled_holds_nothing_yet(body, text, tmp_path):
    private(tmp_path / "f", text)
    assert asyncio.run(store(body, tmp_path).read()) is None


@pytest.mark.parametrize("text", ["K='open\n", "\xff"])
def test_a_store_that_cannot_be_written_safely_is_left_alone(text, tmp_path):
    file = private(tmp_path / "f", text.encode("latin-1"))
    before = file.read_bytes()
    with pytest.raises(SecretFailure) as caught:
        asyncio.run(store("f#K", tmp_path).write(Sealed("c4nary")))
    assert "file:f#K" in f"{caught.value.message} {caught.value.where}"
    assert "c4nary" not in caught.value.message
    assert file.read_bytes() == before


def test_a_store_behind_a_link_is_refused(tmp_path):
    private(tmp_path / "f", "old")
    (tmp_path / "link").symlink_to("f")
    with pytest.raises(SecretFailure, match="symbolic link"):
        asyncio.run(store("link", tmp_path).write(Sealed("new-secret")))
    assert (tmp_path / "f").read_text() == "old"


@pytest.mark.parametrize("value", ["", "\n", "a\0b"])
def test_a_store_takes_nothing_that_it_could_not_give_back(value, tmp_path):
    with pytest.raises(SecretFailure):
        asyncio.run(store("f", tmp_path).write(Sealed(value)))
    assert not (tmp_path / "f").exists()


@pytest.mark.battery(22)
@pytest.mark.parametrize("value", ["a", "abc", "coder", "Secret", "PASSWORD", "1234"])
def test_common_words_are_called_weak_without_saying_them(value):
    assert value not in weakness(Sealed(value)).split()


@pytest.mark.parametrize("value", ["q7Zp", "correct horse battery staple", CANARY])
def test_other_secrets_are_strong_enough_to_redact(value):
    assert weakness(Sealed(value)) is None
