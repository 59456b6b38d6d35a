"""Pages, asked for and filled in without sense: a page or an error in words, never a failure."""

from __future__ import annotations

import asyncio

import pytest

from tests.backend.everywhere import assert_error
from tests.backend.running import PATIENCE, Answer, Desk

ODD = (
    "%00",
    "%FF",
    "%ED%A0%80",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e",
    "'",
    "<script>",
    "x" * 300,
    "%F0%9F%98%80",
    "%25",
    "a b",
)


def assert_page(answer: Answer, status: int) -> None:
    assert answer.status == status, answer
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/nothing", "/help/nothing", "/help/topics/nothing", "/apis", "/console/x", "/.env"])
async def test_an_address_without_a_page_gets_the_page_that_says_so(desk: Desk, path: str) -> None:
    assert_page(await desk.call("GET", path), 404)


async def test_no_address_of_a_page_breaks_or_leaks_a_file(desk: Desk) -> None:
    for odd in ODD:
        for path in (f"/help/{odd}", f"/help/topics/{odd}", f"/{odd}", f"/static/{odd}", f"/demo/mails/{odd}"):
            answer = await desk.call("GET", path)
            assert answer.status in (200, 404), (path, answer)
            assert "root:" not in str(answer.body)
            assert "<script>" not in str(answer.body).replace("<script ", "")


@pytest.mark.parametrize(
    "path", ["/static/../../pyproject.toml", "/static/..%2f..%2f..%2fpyproject.toml", "/static//etc/passwd"]
)
async def test_only_static_files_are_served(desk: Desk, path: str) -> None:
    reader, writer = await asyncio.open_connection(desk.server.host, desk.server.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: desk\r\nConnection: close\r\n\r\n".encode())
    answer = (await asyncio.wait_for(reader.read(), PATIENCE)).decode()
    writer.close()
    assert answer.startswith("HTTP/1.1 404")
    assert "[project]" not in answer


async def test_any_words_can_be_searched_for(desk: Desk) -> None:
    for odd in (*ODD, "", "%", "refund" * 500):
        page = await desk.call("GET", "/search", params={"q": odd})
        assert_page(page, 200)
        assert "<script>" not in str(page.body)


@pytest.mark.parametrize(
    ("data", "headers"),
    [
        (b"", {}),
        (b"helpful=yes&helpful=no", {"Content-Type": "application/x-www-form-urlencoded"}),
        (b"helpful=perhaps", {"Content-Type": "application/x-www-form-urlencoded"}),
        (b"helpful=%FF%00", {"Content-Type": "application/x-www-form-urlencoded"}),
        (b"\xff\xfe", {"Content-Type": "application/x-www-form-urlencoded; charset=utf-9"}),
        (b"helpful=yes", {"Content-Type": "multipart/form-data"}),
        (b"--x\r\nbroken", {"Content-Type": "multipart/form-data; boundary=x"}),
        (b"{}", {"Content-Type": "application/json"}),
        (b"a=" + b"x" * 100_000, {"Content-Type": "application/x-www-form-urlencoded"}),
        (b"a=" + b"x" * 2_000_000, {"Content-Type": "application/x-www-form-urlencoded"}),
    ],
)  # fmt: skip
async def test_no_form_breaks_the_page_it_was_on(desk: Desk, data: bytes, headers: dict[str, str]) -> None:
    address = "/help/request-a-refund/helpful"
    answer = await desk.call("POST", address, data=data, headers=headers, allow_redirects=False)
    assert answer.status in (303, 400, 404, 413), answer


@pytest.mark.parametrize("path", ["/", "/help", "/search", "/help/request-a-refund"])
async def test_a_page_cannot_be_written_to(desk: Desk, path: str) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert_error(await desk.call(method, path), 405)
