"""What ``cir-bench serve`` answers to those who mean harm, and to those who make mistakes."""

import io
import struct
import zlib

import pytest
from PIL import Image

pytest.importorskip("torch")
pytest.importorskip("starlette", reason="the server needs starlette, of .[serve]")

JSON = {"Content-Type": "application/json"}
QUERY = {"image": "ID", "text": "redder"}


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, *more, rows=b""):
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(more) + chunk(b"IDAT", zlib.compress(rows))


def saved(kind, size=(8, 8)):
    buffer = io.BytesIO()
    Image.new("RGB", size).save(buffer, kind)
    return buffer.getvalue()


BOMB = png(20_000, 20_000, rows=bytes(10_000))
TEXT_BOMB = png(8, 8, chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(80_000_000))), rows=bytes(72)) + chunk(
    b"IEND", b""
)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n(/etc/passwd) (r) file\n"


def image(data, kind="image/png"):
    return {"method": "POST", "url": "/api/uploads", "content": data, "headers": {"Content-Type": kind}}


def query(**changes):
    return {"method": "POST", "url": "/api/search", "json": {**QUERY, **changes}}


def get(url, **headers):
    return {"method": "GET", "url": url, "headers": {name.replace("_", "-"): value for name, value in headers.items()}}


def search_with(**headers):
    return {**query(), "headers": {name.replace("_", "-"): value for name, value in headers.items()}}


ATTACKS = {
    # files outside the folder
    "parent folders": (get("/thumb/../../../../etc/passwd"), 404),
    "encoded parent folders": (get("/thumb/..%2f..%2f..%2fetc%2fpasswd"), 404),
    "twice encoded": (get("/thumb/%252e%252e%252fetc%252fpasswd"), 404),
    "an absolute path": (get("/image//etc/passwd"), 404),
    "backslashes": (get("/thumb/..%5c..%5cetc%5cpasswd"), 404),
    "a zero byte": (get("/thumb/ID%00.png"), 404),
    "the name of a file": (get("/thumb/val00.png"), 404),
    "a file of the server": (get("/../app.py"), 404),
    "a path as the image of a query": (query(image="../../etc/passwd"), 400),
    "an address as the image of a query": (query(image="http://169.254.169.254/"), 400),
    # other sites
    "a name that was rebound": (get("/api/images", Host="evil.example"), 421),
    "a name that only begins well": (get("/api/images", Host="localhost.evil.example"), 421),
    "an address of another network": (get("/api/images", Host="192.168.1.1"), 421),
    "a user in the name": (get("/api/images", Host="localhost@evil.example"), 421),
    "no name at all": (get("/api/images", Host=""), 421),
    "another site's script that searches": (search_with(Origin="http://evil.example"), 403),
    "another port's page": (search_with(Origin="http://localhost:1"), 403),
    "an origin that is no address": (search_with(Origin="http://["), 403),
    "a page without origin": (search_with(Origin="null"), 403),
    "another site's picture of a photo": (get("/thumb/ID", Sec_Fetch_Site="cross-site"), 403),
    "another site that reads the list": (get("/api/images", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="cors"), 403),
    "a form of another site": (
        {"method": "POST", "url": "/api/feedback", "content": b"a=b", "headers": {"Content-Type": "text/plain"}},
        415,
    ),
    "a form with files": (image(saved("PNG"), "multipart/form-data; boundary=x"), 415),
    # too much
    "more bytes than allowed": (image(b"\x89PNG" + bytes(300_000)), 413),
    "a small file of many pixels": (image(BOMB), 413),
    "many pixels that are allowed nowhere": (image(png(60_000, 60_000)), 413),
    "a text that unpacks to 80 MB": (image(TEXT_BOMB), 400),
    "a length that lies": (
        {**image(saved("PNG")), "headers": {"Content-Type": "image/png", "Content-Length": "9" * 30}},
        413,
    ),
    "a length that is no number": (
        {**image(saved("PNG")), "headers": {"Content-Type": "image/png", "Content-Length": "-1"}},
        400,
    ),
    "a million results": (query(k=1_000_000), 400),
    "a text of a megabyte": (query(text="x" * 300_000), 413),
    "a text that is too long": (query(text="x" * 1001), 400),
    "deeply nested JSON": ({"method": "POST", "url": "/api/search", "content": b"[" * 100_000, "headers": JSON}, 400),
    "a huge page of the list": (get("/api/images?count=100000"), 400),
    "a number of a million digits": (get("/api/images?start=" + "9" * 5000), 400),
    # of another kind
    "a picture that is a program": (image(SVG), 400),
    "PostScript": (image(POSTSCRIPT), 400),
    "a TIFF under another name": (image(saved("TIFF")), 400),
    "a PNG that ends early": (image(saved("JPEG", (64, 64))[:-40], "image/jpeg"), 400),
    "nothing": (image(b""), 400),
    "an unknown key": (query(path="/etc/passwd"), 400),
    "no text": (query(text=" \t "), 400),
    "control characters": (query(text="red\x00der\x1b[2J"), 400),
    "JSON that is none": ({"method": "POST", "url": "/api/search", "content": b"{", "headers": JSON}, 400),
    "broken UTF-8": ({"method": "POST", "url": "/api/search", "content": b'{"text":"\xff"}', "headers": JSON}, 400),
    "another method": ({"method": "DELETE", "url": "/api/images"}, 405),
    "a page that is not there": (get("/admin"), 404),
}


@pytest.fixture
def fill(client):
    """Puts a real id into a request."""
    one = client.get("/api/images").json()["images"][0]["id"]

    def filled(value):
        if isinstance(value, dict):
            return {name: filled(inner) for name, inner in value.items()}
        return value.replace("ID", one) if isinstance(value, str) else value

    return filled


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_get_a_sentence_and_nothing_else(make_client, fill, attack):
    client = make_client(most_bytes=200_000)
    asked, status = ATTACKS[attack]
    answer = client.request(**fill(asked))
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error"}
    assert len(answer.text) < 500
    for secret in ("root:", "Traceback", "/tmp", "site-packages", str(client.root)):
        assert secret not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert client.get("/api/info").status_code == 200  # the server is well


@pytest.mark.parametrize("host", ["localhost", "localhost:8765", "LOCALHOST", "127.0.0.1:1", "[::1]:8765", "127.0.0.2"])
def test_names_of_this_machine_are_answered(client, host):
    assert client.get("/api/info", headers={"Host": host}).status_code == 200


def test_the_page_may_search_and_be_opened_from_a_link(client, fill):
    own = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
    assert client.request(**fill({**query(), "headers": own})).status_code == 200
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    answer = client.get("/", headers=link)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert client.get("/api/info", headers=link).status_code == 403


def test_photos_that_have_become_links_out_of_the_folder_are_not_shown(client, tmp_path):
    secret = tmp_path / "secret.png"
    Image.new("RGB", (8, 8)).save(secret)
    one = client.get("/api/images?words=val05").json()["images"][0]
    (client.root / one["name"]).unlink()
    (client.root / one["name"]).symlink_to(secret)
    assert client.get(f"/thumb/{one['id']}").status_code == 404
    assert client.request(**query(image=one["id"])).status_code == 404


def test_a_token_is_asked_for_and_the_page_gets_it_by_the_address(make_client):
    client = make_client(token="0123456789abcdef")
    for path in (
        "/",
        "/app.js",
        "/api/info",
        "/thumb/x",
        "/?token=",
        "/?token=0123456789abcdeF",
        "/api/info?token=0123456789abcdef",
    ):
        answer = client.get(path, follow_redirects=False)
        assert answer.status_code == 401, path
        assert "0123456789abcdef" not in answer.text
    assert client.get("/api/info", headers={"Authorization": "Bearer 0123456789abcdeé".encode()}).status_code == 401
    assert client.get("/api/info", headers={"Authorization": "Bearer 0123456789abcdef"}).status_code == 200
    answer = client.get("/?token=0123456789abcdef", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert {"HttpOnly", "SameSite=strict"} <= set(answer.headers["set-cookie"].split("; "))
    assert client.get("/api/info").status_code == 200  # the cookie


def test_other_names_are_answered_where_they_were_allowed(make_client):
    client = make_client(local=False, hosts=frozenset({"photos.example"}), token="0123456789abcdef")
    own = {"Authorization": "Bearer 0123456789abcdef"}
    for host, status in (("photos.example", 200), ("192.168.1.1:80", 200), ("evil.example", 421)):
        assert client.get("/api/info", headers={**own, "Host": host}).status_code == status


def test_a_client_that_asks_too_often_waits(make_client):
    client = make_client(requests=(0.001, 3))
    assert [client.get("/api/info").status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    assert int(client.get("/api/info").headers["retry-after"]) > 1
    assert client.get("/thumb/x").status_code == 404  # pictures are counted by themselves


def test_too_many_searches_at_once_are_refused(client, fill, monkeypatch):
    from cir_bench.search.serve.limits import Workers

    monkeypatch.setattr(Workers, "full", property(lambda self: True))
    answer = client.request(**fill(query()))
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"


def test_rates_recover_and_forget_clients():
    from cir_bench.search.serve import limits

    now = [0.0]
    rate = limits.Rate(2, 4, clock=lambda: now[0])
    assert [rate.wait("a") for _ in range(6)] == [0, 0, 0, 0, 0.5, 0.5]
    assert rate.wait("b") == 0
    now[0] = 0.5
    assert [rate.wait("a"), rate.wait("a")] == [0, 0.5]
    for number in range(2 * limits.CLIENTS):
        rate.wait(str(number))
    assert len(rate) <= limits.CLIENTS
