"""What is read, and in which shape it may come: endless, packed, broken, in a foreign encoding, or nothing at all."""

from __future__ import annotations

import gzip
import os
import random
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from tests.command import ROOT
from tests.doctor.looking import codes, looked

from oidc_provision.plans.errors import UsageError
from oidc_provision.provisioners.diagnosis.chunks import BLOCK, blocks, cut
from oidc_provision.provisioners.diagnosis.records import record_of
from oidc_provision.provisioners.diagnosis.scanning import candidates

BAD = b"2026-05-02 08:00:00.000 [erro]  coderd: oauth2: token expired and refresh token is not set\n"
CODE = "library-no-refresh-token"
GOOD = b"2026-05-02 08:00:00.000 [info]  coderd: GET  path=/api/v2/workspaces  status_code=200  took=3ms\n"
# not rusage: that of a child begins with what its parent had
PIPED = """
import re, sys
from pathlib import Path
from oidc_provision.cli.main import run
code = run(["doctor", "-", "--format", "json"])
print(int(re.findall(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[0]) // 1024, file=sys.stderr)
sys.exit(code)
"""


def test_a_long_log_through_a_pipe_takes_little_memory():
    lines = [GOOD] * 9_990 + [BAD] * 10
    piece, times = b"".join(lines), 210
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".src")}
    child = subprocess.Popen(
        [sys.executable, "-c", PIPED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )  # fmt: skip
    assert child.stdin is not None and len(piece) * times > 200_000_000
    for _ in range(times):
        child.stdin.write(piece)
    out, talk = child.communicate(timeout=60)
    assert child.returncode == 1 and f'"count": {10 * times}'.encode() in out
    assert f'"lines": {len(lines) * times}'.encode() in out
    assert int(talk.split()[-1]) < 150, f"{talk.decode()} MiB"


def test_memory_does_not_grow_with_what_is_unpacked():
    bomb = gzip.compress(b"\0" * 100_000_000 + b"\n") + gzip.compress(BAD)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert codes(looked(bomb)) == [CODE]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (gzip.compress(BAD * 50_000), ""),
        (gzip.compress(GOOD * 20) + gzip.compress(BAD), ""),
        (gzip.compress(BAD) + b"\0" * 512, ""),
        (gzip.compress(os.urandom(9000) + b"\n" + BAD + os.urandom(90_000))[:-20_000], "ends in the middle"),
        (gzip.compress(BAD) + b"\x1f\x8bjunk that follows", "broken"),
    ],
    ids=["one", "two in one", "padded", "cut", "junk"],
)
def test_packed_logs_are_read_as_far_as_they_go(content, note):
    found = looked(content, "log")
    assert codes(found) == [CODE]
    assert note in " ".join(found.read[0].notes) and bool(note) == bool(found.read[0].notes)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-8"])
def test_encodings_of_other_systems_are_read(encoding):
    assert codes(looked((GOOD + BAD).decode().replace("\n", "\r\n").encode(encoding))) == [CODE]


@pytest.mark.parametrize("content", [b"", b"\n", b"\0", b"\xff\xfe", b"\x1f\x8b", b"{", b'{"log":{', b"[" * 5000])
def test_nearly_nothing_is_nothing_known(content):
    found = looked(content, "log")
    assert codes(found) == []


@pytest.mark.parametrize("seed", range(8))
def test_garbage_is_nothing_known(seed):
    noise = random.Random(seed).randbytes(300_000)
    assert codes(looked(noise)) == []


def test_garbage_around_a_line_does_not_hide_it():
    noise = random.Random(3).randbytes(200_000)
    assert codes(looked(noise + b"\n" + BAD + noise)) == [CODE]


@pytest.mark.parametrize("size", [10, BLOCK - 500, 3 * BLOCK + 7])
def test_a_line_of_any_length_is_one_line(size):
    long = b"x" * size + b" tail oauth2: server response missing access_token\n"
    found = looked(GOOD + long + BAD)
    assert found.read[0].lines == 3
    lines = {each.symptom.code: each.evidence[0] for each in found.found}
    assert lines[CODE].startswith("file:3: ")
    assert lines.get("library-no-access-token", "").startswith("file:2: ") == (size < BLOCK)


def test_blocks_join_to_what_was_read_whatever_the_pieces():
    content = b"".join(b"line %d %s\n" % (n, b"y" * (n % 97)) for n in range(3000))
    for size in (1, 7, 1000, len(content)):
        pieces = iter([content[i : i + size] for i in range(0, len(content), size)])
        found = list(blocks(pieces))
        assert b"".join(found) == content and all(each.endswith(b"\n") for each in found)


def test_a_cut_leaves_no_half_of_a_word():
    assert cut(b"a bc def", 7) == b"a bc"
    assert len(cut(b"x" * 20_000, 15_000)) < 15_000


def test_candidates_have_their_numbers():
    lines = list(candidates(b"a\nFOO\nb\nfoo foo\nc\nbar", [b"foo", b"bar"]))
    assert [(line.number, line.content) for line in lines] == [(1, b"FOO"), (3, b"foo foo"), (5, b"bar")]


def test_only_three_lines_are_kept_and_the_times_are_those_of_all():
    days = b"".join(BAD.replace(b"05-02", b"05-%02d" % day) for day in (7, 3, 9, 5))
    (found,) = looked(days).found
    assert found.count == 4 and len(found.evidence) == 3
    assert found.first and found.last and (found.first.day, found.last.day) == (3, 9)


@pytest.mark.parametrize(
    ("line", "level", "text"),
    [
        ("2026-05-02 08:00:00.1 [warn]  a: b", "WARN", "a: b"),
        ("May 02 08:00:00 host coder[7]: 2026-05-02 08:00:00.1 [\x1b[31merro\x1b[0m]  a: b", "ERROR", "a: b"),
        ('{"level":"WARN","msg":"m","logger_names":["x","y"],"fields":{"k":"v"},"ts":"2026-05-02T08:00:00Z"}', "WARN", "x.y: m k=v"),
        ('{"severity":"WARNING","message":"m","timestamp":"2026-05-02T08:00:00.123456789Z","k":1}', "WARN", "m k=1"),
        ('{"log":"2026-05-02 08:00:00.1 [info]  m\\n","time":"2026-05-02T08:00:00Z"}', "INFO", "m"),
        ("2026-05-02T08:00:00.123456789Z stderr F m", "", "m"),
    ],
)  # fmt: skip
def test_forms_of_lines_are_understood(line, level, text):
    record = record_of(line)
    assert record.level == level and text in record.text
    assert record.time is not None and (record.time.day, record.time.hour) == (2, 8)


def test_what_is_no_har_is_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="is no HAR"):
        looked(b'{"log": 3}', "har")
