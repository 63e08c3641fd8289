"""The page of ``cir-bench serve`` in a real browser: the trail, mistakes, two users, two methods, a thousand photos.

The tests wait for what they expect and never read once.
"""

import json
import re
from urllib.parse import urlsplit

import pytest
from PIL import Image
from support.browsers import CONTRAST, NAMELESS, open_browser
from support.serving import serving

from cir_bench.search.serve.uploads import UploadLimits

torch = pytest.importorskip("torch")
pytest.importorskip("starlette", reason="the server needs starlette, of .[serve]")
playwright = pytest.importorskip("playwright.sync_api", reason="the browser tests need playwright, of .[test]")
expect = playwright.expect
expect.set_options(timeout=30_000)


@pytest.fixture(scope="module")
def browser():
    yield from open_browser()


@pytest.fixture
def visit(browser):
    """``visit(url, width=…, scheme=…)`` opens a page; nothing but the server is asked, and scripts have no errors."""
    contexts, said, asked, urls = [], [], [], []

    def open_page(url, *, width=1440, scheme="light"):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.asked = asked
        urls.append(url)
        page.goto(url)
        expect(page.locator(".use").first).to_be_visible()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not [text for text in said if "Failed to load resource" not in text]
    assert {urlsplit(one).netloc for one in asked if not one.startswith("blob:")} <= {urlsplit(u).netloc for u in urls}


@pytest.fixture
def url(opened, feedback):
    with serving(opened[:1], feedback, limits=UploadLimits(most_bytes=2**20)) as address:
        yield address


@pytest.fixture
def both(opened, feedback):
    with serving(opened, feedback) as address:
        yield address


@pytest.fixture
def best(cells, photos):
    """``best("val00")``: the text of its query, and the images that each method found in its run."""
    lines = map(json.loads, (photos / "triplets.jsonl").read_text().splitlines())
    known = {line["reference"]: line for line in lines if line["split"] == "val"}

    def found(name):
        return known[name]["text"], [cell.best(known[name]["query_id"], 13) for cell in cells]

    return found


def choose(page, name):
    page.get_by_role("button", name=f"{name}.png: use as the reference").click()
    expect(page.locator("#reference")).to_have_attribute("alt", f"Reference: {name}.png")


def ask(page, text):
    page.get_by_label("What should change?").fill(text)
    page.get_by_role("button", name="Search", exact=True).click()


def expect_results(page, text, names, place=0):
    expect(page.get_by_role("heading", name=f"“{text}”")).to_be_visible()
    shown = page.locator(".ranking").nth(place).locator(".use")
    expect(shown).to_have_count(len(names))
    for rank, name in enumerate(names):
        expect(shown.nth(rank)).to_have_attribute(
            "aria-label", re.compile(rf"^{rank + 1}: {name}\.png, score -?\d\.\d+")
        )


def test_the_whole_trail_forth_and_back_and_after_a_reload(visit, url, best):
    page = visit(url)
    choose(page, "val00")
    expect(page.get_by_label("What should change?")).to_be_focused()
    text, (names, _) = best("val00")
    ask(page, text)
    expect_results(page, text, names)
    page.locator(".use").nth(1).click()
    expect(page.locator("#reference")).to_have_attribute("alt", f"Reference: {names[1]}.png")
    expect(page.get_by_label("What should change?")).to_have_value("")
    expect(page.locator(".use[aria-current]")).to_have_count(1)
    then, (others, _) = best(names[1])
    ask(page, then)
    expect_results(page, then, others)
    steps = page.get_by_role("navigation", name="Your trail").get_by_role("button")
    expect(steps).to_have_count(2)
    expect(steps.nth(1)).to_have_attribute("aria-current", "step")
    steps.nth(0).click()
    expect_results(page, text, names)
    expect(page.locator("#reference")).to_have_attribute("alt", "Reference: val00.png")
    page.go_back()
    expect_results(page, then, others)
    page.reload()
    expect_results(page, then, others)
    expect(steps).to_have_count(2)
    steps.nth(0).click()
    ask(page, "something else")  # another text leaves what came after
    expect(page.get_by_role("heading", name="“something else”")).to_be_visible()
    expect(page.locator("#trail")).to_be_hidden()


def test_everything_works_by_keyboard(visit, url, best):
    page = visit(url)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the photos")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(2):
        page.keyboard.press("Tab")
    first = page.locator(".use").first
    expect(first).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    text, (names, _) = best("val00")
    expect(page.get_by_label("What should change?")).to_be_focused()
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect_results(page, text, names)
    page.locator(".use").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".use").nth(1)).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name=f"{names[1]}.png was right")).to_be_focused()
    expect(page.locator(".tip").nth(1)).to_have_text("This was right")
    expect(page.locator(".tip").nth(1)).to_be_visible()
    expect(page.locator(".tip").nth(2)).to_be_hidden()
    page.keyboard.press("Space")
    expect(page.locator(".right").nth(1)).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".right").nth(1)).to_be_focused()
    expect(page.locator(".tip").nth(1)).to_have_text("Marked as right")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#reference")).to_have_attribute("alt", f"Reference: {names[1]}.png")


def test_what_was_right_is_written_and_taken_back(visit, url, best, feedback):
    page = visit(url)
    choose(page, "val00")
    text, (names, _) = best("val00")
    ask(page, text)
    expect_results(page, text, names)
    right = page.get_by_role("button", name=f"{names[2]}.png was right")
    right.click()
    expect(right).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#served")).to_contain_text("1 marked as right")
    (line,) = map(json.loads, (feedback / "triplets.jsonl").read_text().splitlines())
    assert line["text"] == text
    assert len((feedback / "gallery.jsonl").read_text().splitlines()) == 14
    page.get_by_label("What should change?").fill("typed since")
    right.click()
    expect(right).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#served")).not_to_contain_text("marked")
    expect(page.get_by_label("What should change?")).to_have_value("typed since")
    assert (feedback / "triplets.jsonl").read_text() == ""


@pytest.mark.parametrize(
    ("name", "kind", "content", "said"),
    [
        ("notes.txt", "text/plain", b"words", "not a JPEG, PNG or WebP image"),
        ("page.svg", "image/svg+xml", b"<svg onload=alert(1)/>", "not a JPEG, PNG or WebP image"),
        ("broken.png", "image/png", b"\x89PNG\r\n\x1a\n", "not an image that can be read"),
        ("text.jpg", "image/jpeg", b"words", "not an image that can be read"),
        ("large.png", "image/png", bytes(2**21), "more than 1 MiB"),
    ],
)
def test_wrong_uploads_are_explained_and_right_ones_still_taken(visit, url, photos, name, kind, content, said):
    page = visit(url)
    page.locator("#file").set_input_files({"name": name, "mimeType": kind, "buffer": content})
    expect(page.get_by_role("alert")).to_contain_text(said)
    expect(page.locator("#reference")).to_be_hidden()
    page.locator("#file").set_input_files(photos / "train00.png")
    expect(page.locator("#reference")).to_have_attribute("alt", "Reference: train00.png")
    expect(page.get_by_role("alert")).to_have_text("")
    ask(page, "redder")
    expect(page.locator(".ranking .use")).to_have_count(14)


def test_an_image_can_be_dropped(visit, url, photos, best):
    page = visit(url)
    data = list((photos / "val00.png").read_bytes())
    page.evaluate(
        """data => {
            const files = new DataTransfer();
            files.items.add(new File([new Uint8Array(data)], "mine.png", {type: "image/png"}));
            dispatchEvent(new DragEvent("drop", {dataTransfer: files, cancelable: true}));
        }""",
        data,
    )
    expect(page.locator("#reference")).to_have_attribute("alt", "Reference: mine.png")
    text, (names, _) = best("val00")
    ask(page, text)
    expect_results(page, text, names)  # the photo of this content is not its own answer


def test_a_search_without_image_or_text_says_what_is_missing(visit, url):
    page = visit(url)
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text("Choose an image first.")
    choose(page, "val01")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text("Say what should change.")


def test_a_server_that_is_gone_is_told(visit, opened, feedback):
    with serving(opened[:1], feedback) as url:
        page = visit(url)
        choose(page, "val01")
    ask(page, "redder")
    expect(page.get_by_role("alert")).to_contain_text("does not answer")
    expect(page.get_by_role("button", name="Search", exact=True)).to_be_enabled()


def test_two_users_at_once_have_trails_of_their_own(visit, url, best):
    pages = {name: visit(url) for name in ("val00", "val05")}
    for name, page in pages.items():
        choose(page, name)
    for name, page in pages.items():
        ask(page, best(name)[0])
    for name, page in pages.items():
        text, (names, _) = best(name)
        expect_results(page, text, names)


def test_two_methods_are_side_by_side_and_one_at_a_time_on_a_phone(visit, both, best):
    text, rankings = best("val00")
    page = visit(both)
    choose(page, "val00")
    ask(page, text)
    for place, names in enumerate(rankings):
        expect_results(page, text, names, place)
        expect(page.locator(".ranking").nth(place)).to_be_visible()
    expect(page.locator(".also").first).to_have_text(f"also #{rankings[1].index(rankings[0][0]) + 1}")
    phone = visit(both, width=390)
    choose(phone, "val00")
    ask(phone, text)
    expect(phone.locator(".ranking").nth(0)).to_be_visible()
    expect(phone.locator(".ranking").nth(1)).to_be_hidden()
    phone.get_by_role("group", name="Method").get_by_role("button", name="sadn on tiny").click()
    expect(phone.locator(".ranking").nth(1)).to_be_visible()
    expect_results(phone, text, rankings[1], 1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_it_can_be_read_and_named_and_never_scrolls_sideways(visit, both, best, width, scheme):
    page = visit(both, width=width, scheme=scheme)

    def check():
        page.wait_for_function("width => document.documentElement.scrollWidth === width", arg=width)
        worst = page.evaluate(CONTRAST)
        assert worst["ratio"] >= 4.5, worst
        assert page.evaluate(NAMELESS) == []

    check()
    choose(page, "val00")
    ask(page, "a very long text " * 12)
    expect(page.locator(".ranking .use")).to_have_count(26)
    page.locator(".right:visible").nth(1).click(force=True)
    expect(page.locator('.right[aria-pressed="true"]')).to_have_count(2)  # in both methods
    check()
    page.locator(".ranking:not(.behind) .use").first.click()
    expect(page.locator("#trail")).to_be_visible()
    check()
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(19, 20, 24)") == (scheme == "dark")


def test_nothing_moves_while_a_query_is_made(visit, url, best):
    page = visit(url)
    places = (
        "() => ['#file + button', '#text', '#go'].map(one => document.querySelector(one).getBoundingClientRect().top)"
    )
    empty = page.evaluate(places)
    choose(page, "val00")
    assert page.evaluate(places) == empty
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text("Say what should change.")
    assert page.evaluate(places) == empty
    ask(page, best("val00")[0])
    expect(page.locator(".ranking .use").first).to_be_visible()
    assert page.evaluate(places) == empty


def test_what_is_touched_is_at_least_44_pixels_high(browser, both, best):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(both)
    choose(page, "val00")
    ask(page, best("val00")[0])
    page.locator(".ranking:not(.behind) .use").first.click()
    expect(page.locator("#trail button")).to_have_count(2)
    small = page.evaluate("""() => [...document.querySelectorAll("button, .button, input:not(.hidden), textarea")]
        .filter(one => one.checkVisibility() && one.getBoundingClientRect().height < 44).map(one => one.outerHTML)""")
    context.close()
    assert small == []


def test_a_phone_shows_that_the_trail_goes_on_and_what_a_tick_is(browser, both):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(both)
    choose(page, "val00")
    for text in ("a very long text", "another long text", "and a third long text"):
        ask(page, text)
        expect(page.get_by_text("Choose one to go on from it; tick ✓ what was right.")).to_be_visible()
        page.locator(".ranking:not(.behind) .use").first.click()
    steps = page.locator("#trail button")
    expect(steps).to_have_count(4)
    expect(steps.last).to_be_in_viewport(ratio=1)
    expect(steps.nth(1)).to_be_in_viewport()  # a part of it, so that one sees it
    expect(steps.nth(1)).not_to_be_in_viewport(ratio=1)
    steps.nth(2).click()
    expect(steps.nth(2)).to_have_attribute("aria-current", "step")
    expect(steps.nth(1)).to_be_in_viewport()
    context.close()


def test_reasons_are_scrolled_into_view(visit, both):
    page = visit(both, width=900)
    page.set_viewport_size({"width": 900, "height": 640})
    choose(page, "val00")
    ask(page, "redder")
    page.get_by_role("button", name="How did this come about?").click()
    expect(page.locator(".near li").last).to_be_in_viewport(ratio=1)


def test_a_name_that_no_photo_has_is_told(visit, url):
    page = visit(url)
    page.get_by_role("searchbox", name="Filter by name").fill("nothing")
    expect(page.get_by_text("No photo has “nothing” in its name.")).to_be_visible()
    expect(page.locator(".use")).to_have_count(0)


def test_a_folder_of_nothing_but_the_reference_says_so(visit, opened, feedback):
    from dataclasses import replace

    gallery = opened[0].gallery
    one = replace(
        gallery,
        names=gallery.names[:1],
        digests=gallery.digests[:1],
        candidates=gallery.candidates.take(torch.tensor([0])),
    )
    with serving([replace(opened[0], gallery=one)], feedback) as url:
        page = visit(url)
        choose(page, "val00")
        ask(page, "redder")
        expect(
            page.get_by_text("There is no photo but the reference, so there is nothing else to show.")
        ).to_be_visible()
        expect(page.locator("#hint")).to_be_hidden()


def test_a_thousand_photos_are_loaded_as_they_are_looked_at(visit, opened, feedback, tmp_path):
    from dataclasses import replace

    names = tuple(str(tmp_path / f"photo{number:04}.png") for number in range(1000))
    for number, name in enumerate(names):
        Image.new("RGB", (16, 16), (number % 256, number // 4, 90)).save(name)
    gallery = replace(opened[0].gallery, names=names, digests=tuple(map(str, range(1000))))
    with serving([replace(opened[0], root=tmp_path, gallery=gallery)], feedback) as url:
        page = visit(url)
        expect(page.locator("#status")).to_have_text("60 of 1,000")
        expect(page.locator(".use")).to_have_count(60)
        page.get_by_role("button", name="Show more").click()
        expect(page.locator(".use")).to_have_count(120)
        expect(page.locator("#status")).to_have_text("120 of 1,000")
        page.get_by_role("searchbox", name="Filter by name").fill("0099 photo")
        expect(page.locator(".use")).to_have_count(1)
        expect(page.get_by_role("button", name="Show more")).to_be_hidden()
        choose(page, "photo0099")
        assert len({one for one in page.asked if "/thumb/" in one}) <= 121


def test_the_page_says_what_it_takes_a_text_for(visit, url, monkeypatch):
    """Where that is not a modification text, as of a method that reads descriptions of the target."""
    expect(visit(url).locator("#reads")).to_be_hidden()
    monkeypatch.setattr(
        "cir_bench.search.serve.api.text_note", lambda cell: f"{cell.key.method} reads <b>descriptions</b>."
    )
    page = visit(url)
    expect(page.locator("#reads")).to_have_text("tirg reads <b>descriptions</b>.")
    expect(page.get_by_label("What should change?")).to_have_accessible_description("tirg reads <b>descriptions</b>.")
