"""A download goes on where it was cut, whatever the server makes of it."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from cir_bench import DataError
from cir_bench.data.transfer import TRIES, transfer

CONTENT = bytes(range(256)) * 4096
HALF = len(CONTENT) // 2


def download(server: Any, part: Path, size: int = len(CONTENT)) -> list[int]:
    return list(transfer(f"{server.url}/a.json", part, size))


@pytest.fixture
def part(server: Any, tmp_path: Path) -> Path:
    server.files["a.json"] = CONTENT
    return tmp_path / "folder" / "a.json.part"


def test_a_file_comes_whole_and_every_byte_is_told_of(server: Any, part: Path) -> None:
    told = download(server, part)
    assert part.read_bytes() == CONTENT
    assert told[0] == 0 and told[-1] == len(CONTENT) and told == sorted(told)
    assert server.requests == [("a.json", None)]


def test_a_cut_connection_goes_on_with_the_next_byte(server: Any, part: Path) -> None:
    server.cuts = [1000, 5000]
    told = download(server, part)
    assert part.read_bytes() == CONTENT
    assert [wanted for _, wanted in server.requests] == [None, "bytes=1000-", "bytes=6000-"]
    assert {1000, 6000} <= set(told)


def test_what_an_earlier_process_left_is_continued(server: Any, part: Path) -> None:
    part.parent.mkdir()
    part.write_bytes(CONTENT[:HALF])
    assert download(server, part)[0] == HALF
    assert part.read_bytes() == CONTENT
    assert server.requests == [("a.json", f"bytes={HALF}-")]


def test_what_is_whole_already_is_not_asked_for(server: Any, part: Path) -> None:
    part.parent.mkdir()
    part.write_bytes(CONTENT)
    assert download(server, part) == [len(CONTENT)]
    assert server.requests == []


def test_more_than_the_file_has_is_begun_anew(server: Any, part: Path) -> None:
    part.parent.mkdir()
    part.write_bytes(CONTENT + b"x")
    download(server, part)
    assert part.read_bytes() == CONTENT


def test_a_server_that_cannot_continue_sends_all_of_it_again(server: Any, part: Path) -> None:
    server.ranges, server.cuts = False, [HALF]
    download(server, part)
    assert part.read_bytes() == CONTENT
    assert [wanted for _, wanted in server.requests] == [None, f"bytes={HALF}-"]


def test_a_server_that_answers_another_range_is_asked_for_all_of_it(server: Any, part: Path) -> None:
    server.lies, server.cuts = True, [HALF]
    download(server, part)
    assert part.read_bytes() == CONTENT
    assert [wanted for _, wanted in server.requests] == [None, f"bytes={HALF}-", None]


def test_a_server_that_is_busy_is_asked_again(server: Any, part: Path) -> None:
    server.answers = [503, 429]
    download(server, part)
    assert part.read_bytes() == CONTENT


def test_a_server_that_stays_busy_is_given_up_and_what_came_stays(server: Any, part: Path) -> None:
    server.cuts = [1000, *[0] * 10]
    with pytest.raises(DataError, match=rf"stopped at 1000 of {len(CONTENT)} bytes \(.*\); run this again to continue"):
        download(server, part)
    assert part.read_bytes() == CONTENT[:1000]
    assert len(server.requests) == 1 + TRIES


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_refusal_is_not_asked_again_and_says_where_the_file_belongs(status: int, server: Any, part: Path) -> None:
    server.answers = [status]
    with pytest.raises(DataError, match=rf"a\.json answers {status} .*put it at {part.with_suffix('')}\.$"):
        download(server, part)
    assert len(server.requests) == 1
    assert not part.exists()


@pytest.mark.parametrize("size", [len(CONTENT) - 1, len(CONTENT) + 1])
def test_a_file_of_another_size_is_refused_before_it_is_read(size: int, server: Any, part: Path) -> None:
    with pytest.raises(DataError, match=rf"has {len(CONTENT)} bytes, {size} expected: it is not the file"):
        download(server, part, size)
    assert not part.exists()


def test_no_server_is_one_sentence(part: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # nobody listens there
        url = f"http://127.0.0.1:{held.getsockname()[1]}/a.json"
        with pytest.raises(DataError, match=r"cannot be reached \(.*refused.*\); check the network") as caught:
            list(transfer(url, part, 10))
    assert "\n" not in str(caught.value)


def test_no_network_is_one_sentence(part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(DataError, match=r"https://example\.invalid/a cannot be reached \(.*Name or service not known"):
        list(transfer("https://example.invalid/a", part, 10))


def test_a_proxy_that_cannot_be_used_is_one_sentence(server: Any, part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "gopher://127.0.0.1:1")
    with pytest.raises(DataError, match=r"a\.json cannot be reached \(.*gopher.*\); check the network \(and the proxy"):
        download(server, part)
    assert server.requests == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_one_sentence(server: Any, part: Path) -> None:
    part.parent.mkdir()
    part.symlink_to("/dev/full")
    with pytest.raises(DataError, match=r"a\.json\.part cannot be written: No space left on device; free some space"):
        download(server, part)


def test_a_folder_that_cannot_be_made_is_one_sentence(server: Any, part: Path) -> None:
    part.parent.write_text("a file")
    with pytest.raises(DataError, match=r"cannot be written: .*; correct the folder's permissions"):
        download(server, part)
