"""Pictures of the page of ``cir-bench serve``, wide and as on a phone, light and dark: ``make screenshots``.

Those in docs/images show the scenes of css, which cir-bench renders itself. Another index is looked at with

    python docs/screenshots.py INDEX [INDEX] --out DIR --photo a.jpg --text "in red" --then "shorter"
"""

from __future__ import annotations

import argparse
import contextlib
import io
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

HERE = Path(__file__).parent
WIDTHS = {"wide": (1440, 900), "phone": (390, 844)}
KEPT = ("results-phone-dark", "results-wide-light", "trail-wide-dark")
"""Those that docs/search.md shows."""
QUALITY = 85
"""Of the WebP files."""
LOADED = """() => [...document.images].every(one => {
  const {top, bottom} = one.getBoundingClientRect();
  return one.complete || !one.checkVisibility() || bottom < 0 || top > innerHeight;
})"""


@dataclass(frozen=True)
class Query:
    """What is asked: a photo by its file's name, a text, and a text about the result at place ``click`` from 0."""

    photo: str
    text: str
    then: str
    click: int


@contextlib.contextmanager
def served(indexes: list[Path]) -> Iterator[str]:
    """The address at which ``cir-bench serve`` answers; it ends afterwards."""
    with tempfile.TemporaryDirectory() as feedback:
        words = ["serve", *map(str, indexes), "--port", "0", "--feedback", f"{feedback}/feedback", "--device", "cpu"]
        command = [sys.executable, "-m", "cir_bench", *words]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 # our own words
            assert server.stdout is not None
            found = re.search(r"http://\S+", server.stdout.readline())
            if found is None:
                raise SystemExit("cir-bench serve did not start; what it said stands above.")
            try:
                yield found[0]
            finally:
                server.terminate()


def take(page: Page, url: str, query: Query, shots: Path, name: str) -> None:
    """Go through the states of the page, and take a picture of each."""

    def shoot(state: str) -> None:
        page.wait_for_load_state("networkidle")
        page.wait_for_function(LOADED)
        path = shots / f"{state}-{name}.webp"
        with Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide"))) as picture:
            picture.save(path, quality=QUALITY, method=6)

    def ask(text: str) -> None:
        page.get_by_label("What should change?").fill(text)
        page.get_by_role("button", name="Search", exact=True).click()
        expect(page.get_by_role("heading", name=f"“{text}”")).to_be_visible()
        expect(page.locator("#found")).not_to_have_attribute("aria-busy", "true")

    page.goto(url)
    expect(page.locator(".use").first).to_be_visible()
    shoot("empty")
    page.get_by_role("searchbox").fill(query.photo)
    page.get_by_role("button", name=f"{query.photo}: use as the reference", exact=True).click()
    page.get_by_role("searchbox").fill("")
    expect(page.locator(".use").nth(2)).to_be_visible()
    page.get_by_label("What should change?").fill(query.text)
    shoot("typed")
    ask(query.text)
    page.mouse.move(0, 0)
    shoot("results")
    why = page.get_by_role("button", name="How did this come about?")
    if why.is_visible():  # a method of the indexes shows it
        why.click()
        expect(why).to_have_attribute("aria-expanded", "true")
        page.mouse.move(0, 0)
        shoot("why")
        why.click()
    right = page.locator(".ranking:not(.behind) .right").nth(query.click)
    right.click()
    expect(right).to_have_attribute("aria-pressed", "true")
    page.locator(".ranking:not(.behind) .use").nth(query.click).click()
    ask(query.then)
    page.locator(".ranking:not(.behind) .use").nth(query.click).click()
    page.mouse.move(0, 0)
    shoot("trail")
    page.locator("#file").set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"a"})
    expect(page.get_by_role("alert")).to_be_visible()
    shoot("error")
    page.locator("#trail button").first.click()
    right.click()  # so that the next page begins as this one did
    expect(page.locator("#served")).not_to_contain_text("marked as right")


def opened(browser: Browser, size: tuple[int, int], scheme: str) -> Page:
    """A page of that size and colour scheme."""
    width, height = size
    phone = width < 500
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        has_touch=phone,
        is_mobile=phone,
    )
    return context.new_page()


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("indexes", nargs="+", type=Path, metavar="INDEX")
    parser.add_argument("--out", type=Path, default=HERE / "images", metavar="DIR")
    parser.add_argument("--photo", default="test-00254.png", help="file name of the first reference")
    parser.add_argument("--text", default="paint the little square blue", help="the first query")
    parser.add_argument("--then", default="the star at the top becomes a circle", help="the query about a result")
    parser.add_argument("--click", type=int, default=0, help="the place of that result, from 0")
    parser.add_argument(
        "--only", nargs="*", default=KEPT, help="names of those to keep, such as error-phone-dark; none: all"
    )
    asked = parser.parse_args()
    query = Query(asked.photo, asked.text, asked.then, asked.click)
    path = shutil.which("chromium") or shutil.which("google-chrome")
    expect.set_options(timeout=60_000)  # a search may take long on a busy machine
    with served(asked.indexes) as url, sync_playwright() as running, tempfile.TemporaryDirectory() as shots:
        browser = running.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for width, size in WIDTHS.items():
            for scheme in ("light", "dark"):
                take(opened(browser, size, scheme), url, query, Path(shots), f"{width}-{scheme}")
        browser.close()
        asked.out.mkdir(parents=True, exist_ok=True)
        for picture in sorted(Path(shots).iterdir()):
            if not asked.only or picture.stem in asked.only:
                shutil.copy(picture, asked.out / picture.name)
                print(asked.out / picture.name, file=sys.stderr)


if __name__ == "__main__":
    main()
