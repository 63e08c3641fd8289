"""How results came about: what methods show, through the API and on the page in a real browser."""

import numpy as np
import pytest
from support.browsers import CONTRAST, NAMELESS, open_browser
from support.serving import serving

from cir_bench import Composer, Embedding, ImageMap, NamedWeights, NeighbourWeights

torch = pytest.importorskip("torch")
pytest.importorskip("starlette", reason="the server needs starlette, of .[serve]")

MORE = {"sadn": ("neighbours=3",)}


@pytest.fixture
def served(train, index_of, open_served):
    """``served("sadn", …)``: indexes of methods, opened."""
    return lambda *methods: open_served([index_of(train(name, "tiny", *MORE.get(name, ()))) for name in methods])


@pytest.fixture
def explain(served, client_of):
    """``explain("sadn")``: its answer about one query, and the ids of all images by name."""

    def ask(method, index=0):
        client = client_of(served(method))
        ids = {one["name"]: one["id"] for one in client.get("/api/images?count=500").json()["images"]}
        (info,) = client.get("/api/info").json()["indexes"]
        asked = {"image": ids["val00.png"], "text": "redder", "index": index}
        return client.post("/api/explain", json=asked), ids, info

    return ask


def test_neighbours_are_images_of_the_index_the_heaviest_first(explain):
    answer, ids, info = explain("sadn")
    assert info["explains"]
    assert answer.json()["label"] == "sadn on tiny"
    (shown,) = answer.json()["explanations"]
    assert (shown["title"], shown["map"], shown["weights"]) == ("Neighbours and their weights", None, [])
    weights = [one["weight"] for one in shown["neighbours"]]
    assert len(weights) == 3
    assert weights == sorted(weights, reverse=True)
    for one in shown["neighbours"]:
        assert ids[one["name"]] == one["id"]
        assert one["name"] != "val00.png"  # it is no candidate of its own query


def test_maps_are_rows_relative_to_the_largest_value(explain):
    shown = explain("clvcnet")[0].json()["explanations"]
    assert [one["title"] for one in shown] == ["local attention", "global attention"]
    for one in shown:
        values = np.array(one["map"])
        assert values.ndim == 2
        assert (values.min() >= 0, values.max()) == (True, 1)


def test_named_weights_are_between_0_and_1(explain):
    (shown,) = explain("tgcir")[0].json()["explanations"]
    assert shown["note"]
    assert all(one["name"] and 0 <= one["weight"] <= 1 for one in shown["weights"])


def test_a_method_without_explanations_says_so(explain):
    answer, _, info = explain("tirg")
    assert (answer.json()["explanations"], info["explains"]) == ([], False)


def test_mistakes_are_sentences(explain):
    answer = explain("tirg", index=1)[0]
    assert (answer.status_code, answer.json()["error"]) == (404, "There is no index 1; the first is 0.")


class Shows(Composer):
    """A composer of someone else's, with a large map and many neighbours."""

    uses_gallery = True

    def compose(self, reference, text):
        return Embedding.single(reference.need_pooled())

    def explain(self, reference, text, gallery):
        rows = torch.arange(len(gallery))[None]
        map_ = torch.zeros(1, 10, 200)
        map_[0, 9, 100:] = 4
        return [
            ImageMap("Map", map_),
            ImageMap("Nothing", torch.zeros(1, 2, 2)),
            NeighbourWeights("Neighbours", torch.rand(1, len(gallery)), rows=rows),
            NamedWeights("Words", torch.ones(1, 2), "", ["<b>a</b>", "b"]),
        ]


def test_any_composer_can_explain_and_answers_stay_small(served, client_of, monkeypatch):
    from cir_bench.search.serve import explain as answers

    (one,) = served("tirg")
    monkeypatch.setattr(one.engine, "_composer", Shows())
    monkeypatch.setattr(answers, "MOST_LISTED", 5)
    client = client_of([one])
    (first, *_) = client.get("/api/images").json()["images"]
    shown = client.post("/api/explain", json={"image": first["id"], "text": "redder"}).json()["explanations"]
    large, nothing, neighbours, words = shown
    assert np.shape(large["map"]) == (10, 64)
    assert large["map"][9][40:] == [1] * 24
    assert nothing["map"] == [[0, 0], [0, 0]]
    assert len(neighbours["neighbours"]) == 5
    assert [one["name"] for one in words["weights"]] == ["<b>a</b>", "b"]


# -- on the page -----------------------------------------------------------------------------------------------------

playwright = pytest.importorskip("playwright.sync_api", reason="the browser tests need playwright, of .[test]")
expect = playwright.expect
expect.set_options(timeout=30_000)
HOW = "How did this come about?"
APART = """() => {
    const boxes = ["drop", "ask", "why"].map((id) => document.getElementById(id).getBoundingClientRect());
    const apart = ([one, other]) => one.bottom <= other.top || one.right <= other.left;
    return [[boxes[0], boxes[1]], [boxes[1], boxes[2]]].every(apart);
}"""
PAINTED = """() => {
    const canvas = document.getElementById("overlay"), context = canvas.getContext("2d");
    const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
    return pixels.some((value, place) => place % 4 === 3 && value > 60);
}"""
LAID_ALIKE = """() => {
    const [image, canvas] = ["reference", "overlay"].map((id) => document.getElementById(id));
    const [one, other] = [image, canvas].map((part) => JSON.stringify(part.getBoundingClientRect()));
    return one === other && image.naturalWidth === canvas.width && image.naturalHeight === canvas.height;
}"""


@pytest.fixture(scope="module")
def browser():
    yield from open_browser()


@pytest.fixture
def visit(browser, feedback):
    """``visit(served)``: the page with the results of a query, in a window; scripts have no errors."""
    from contextlib import ExitStack

    said = []
    with ExitStack() as stack:

        def open_page(served, *, width=1440, scheme="light"):
            url = stack.enter_context(serving(served, feedback))
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
            stack.callback(context.close)
            page = context.new_page()
            page.on("console", lambda message: said.append(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            page.goto(url)
            page.get_by_role("button", name="val00.png: use as the reference").click()
            page.get_by_label("What should change?").fill("redder")
            page.get_by_role("button", name="Search", exact=True).click()
            expect(page.locator(".ranking .use").first).to_be_visible()
            return page

        yield open_page
    assert not said


def test_a_map_is_laid_over_the_reference_by_keyboard(visit, served):
    page = visit(served("clvcnet"))
    button, overlay = page.get_by_role("button", name=HOW), page.locator("#overlay")
    expect(button).to_have_attribute("aria-expanded", "false")
    expect(overlay).to_be_hidden()
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(button).to_be_focused()
    picture = page.get_by_role("img", name="local attention, over val00.png: most in the ")
    expect(picture).to_be_visible()
    page.wait_for_function(PAINTED)
    page.wait_for_function(LAID_ALIKE)
    page.keyboard.press("Tab")
    first = page.get_by_role("button", name="local attention, over the reference image")
    expect(first).to_be_focused()
    expect(first).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(first).to_have_attribute("aria-pressed", "false")
    expect(page.get_by_role("img", name="global attention, over val00.png: most in the ")).to_be_visible()
    page.keyboard.press("Space")
    expect(overlay).to_be_hidden()
    page.keyboard.press("Space")
    expect(overlay).to_be_visible()
    page.locator(".ranking .use").first.click()  # the next step has not been asked yet
    expect(overlay).to_be_hidden()
    expect(button).to_be_hidden()


def test_a_neighbour_becomes_the_next_reference(visit, served):
    page = visit(served("tirg", "sadn"))
    page.get_by_role("button", name=HOW).click()
    expect(page.get_by_role("heading", name="sadn on tiny: Neighbours and their weights")).to_be_visible()
    neighbours = page.locator(".near button")
    expect(neighbours).to_have_count(3)
    expect(page.locator("#overlay")).to_be_hidden()
    name = neighbours.nth(1).get_attribute("title")
    neighbours.nth(1).click()
    expect(page.locator("#reference")).to_have_attribute("alt", f"Reference: {name}")
    expect(page.locator("#reasons")).to_be_hidden()


def test_the_button_is_only_there_where_something_can_be_shown(visit, served):
    page = visit(served("tirg"))
    expect(page.locator("#why")).to_be_hidden()


@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), (390, "light")])
def test_it_can_be_read_and_named_and_never_scrolls_sideways(visit, served, width, scheme):
    page = visit(served("clvcnet", "tgcir"), width=width, scheme=scheme)
    page.get_by_role("button", name=HOW).click()
    expect(page.get_by_role("heading", name="tgcir on tiny: Keep mask")).to_be_visible()
    expect(page.locator("#overlay")).to_be_visible()
    page.wait_for_function("width => document.documentElement.scrollWidth === width", arg=width)
    page.wait_for_function(APART)  # though the column is higher than the window
    worst = page.evaluate(CONTRAST)
    assert worst["ratio"] >= 4.5, worst
    assert page.evaluate(NAMELESS) == []
