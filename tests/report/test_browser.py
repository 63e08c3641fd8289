"""The pages in a real browser: no errors, sorting, filtering, light and dark, wide and phone.

The tests wait for what they expect and never read once.
"""

import pytest
from support.browsers import CONTRAST

from cir_bench.report import report_page

playwright = pytest.importorskip("playwright.sync_api", reason="the browser tests need playwright, of .[test]")
expect = playwright.expect
expect.set_options(timeout=30_000)


@pytest.fixture(scope="module")
def folder(toy, tmp_path_factory):
    out = tmp_path_factory.mktemp("browser") / "report"
    assert toy.report(out, "--examples", "3") == 0
    return out


@pytest.fixture
def visit(browser, folder):
    """``visit(name, width=…, scheme=…)`` opens a page from disk; console and network must stay silent."""
    contexts, said, asked = [], [], []

    def open_page(name="index.html", *, width=1440, scheme="light"):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        (path,) = folder.glob(name)
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not said
    assert all(url.startswith(("file://", "data:")) for url in asked)


def expect_methods(page, *names):
    """The visible rows become these, in this order."""
    rows = page.locator(".board tbody tr:not(.off)")
    expect(rows).to_have_count(len(names))
    for place, name in enumerate(names):
        expect(rows.nth(place)).to_have_attribute("data-method", name)


def becomes(page, condition, value=None):
    """Waits until a JavaScript condition holds."""
    page.wait_for_function(condition, arg=value)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("name", ["index.html", "*-sample.html", "*-disagree.html", "*-failures.html"])
def test_it_opens_without_errors_and_never_scrolls_sideways(visit, name, width, scheme):
    page = visit(name, width=width, scheme=scheme)
    becomes(page, "width => document.documentElement.scrollWidth === width", width)


def test_a_click_sorts_and_says_so_and_sentinels_stay_below(visit):
    page = visit()
    head = page.get_by_role("columnheader", name="R@5")
    in_order = """descending => {
        const rows = [...document.querySelectorAll(".board tbody tr:not([data-last])")];
        const values = rows.map(row => +row.querySelector("td:nth-of-type(4)").dataset.v);
        const sorted = [...values].sort((a, b) => descending ? b - a : a - b);
        return new Set(values).size > 1 && values.every((value, place) => value === sorted[place]);
    }"""
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    becomes(page, in_order, True)
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    becomes(page, in_order, False)
    expect(page.locator(".board tbody tr").last).to_have_attribute("data-method", "random")
    expect(page.locator("th[aria-sort]")).to_have_count(1)
    page.get_by_role("columnheader", name="#").get_by_role("button").click()
    expect_methods(page, "tirg", "sadn", "sum", "random")


def test_costs_are_sorted_within_one_machine(browser, cell, shown, tmp_path):
    for seconds, threads, name in ((1, 2, "a"), (2, 1, "b"), (3, 2, "c"), (4, 1, "d")):
        cell(name, cost={"train_seconds": seconds}, environment={"threads": threads})
    (tmp_path / "page.html").write_text(report_page(shown()), encoding="utf-8")
    page = browser.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    page.locator("details.columns summary").click()
    page.get_by_label("train (s)").check()
    button = page.get_by_role("columnheader", name="train (s)").get_by_role("button")
    button.click()
    expect_methods(page, "b", "d", "a", "c")  # 1 thread, then 2
    button.click()
    expect_methods(page, "d", "b", "c", "a")
    page.close()


def test_sorting_works_by_keyboard(visit):
    page = visit()
    page.get_by_role("columnheader", name="method").get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect_methods(page, "sadn", "sum", "tirg", "random")
    page.keyboard.press("Enter")
    expect_methods(page, "tirg", "sum", "sadn", "random")


def test_filtering_by_method_hides_rows_and_lines_and_clearing_brings_them_back(visit):
    page = visit()
    page.get_by_role("searchbox", name="method").fill("ti")
    expect_methods(page, "tirg")
    expect(page.locator("#found")).to_have_text("1 row in 1 table")
    expect(page.locator('figure .line[data-method="sadn"]').first).to_be_hidden()
    expect(page.locator('figure .line[data-method="tirg"]').first).to_be_visible()
    page.get_by_role("searchbox", name="method").fill("nobody")
    expect(page.get_by_text("No table matches these filters.")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".board tbody tr:not(.off)")).to_have_count(4)


@pytest.fixture
def with_budgets(browser, cell, tuned_cell, shown, tmp_path):
    """A page of one row that is not tuned, and two that are, with different budgets."""
    cell("plain")
    tuned_cell("few", trials=5)
    tuned_cell("many", trials=20)
    (tmp_path / "page.html").write_text(report_page(shown()), encoding="utf-8")
    page = browser.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    yield page
    page.close()


def test_rows_and_lines_are_filtered_by_their_tuning(with_budgets):
    page = with_budgets
    few, many = "few (tuned=5x30)", "many (tuned=20x30)"
    chosen = page.get_by_role("combobox", name="tuning")
    for option, names in (("tuned", [many, few]), ("not tuned", ["plain"]), ("5 × 30", [few])):
        chosen.select_option(option)
        expect_methods(page, *names)
        expect(page.locator('figure .line[data-method="plain"]').first).to_be_visible(visible="plain" in names)
    expect(page.locator("#found")).to_have_text("1 row in 1 table")
    page.get_by_role("searchbox", name="method").fill("many")
    expect(page.get_by_text("No table matches these filters.")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect_methods(page, many, few, "plain")


def test_the_tuning_is_chosen_by_keyboard(with_budgets):
    page = with_budgets
    page.get_by_role("link", name="Skip to the content").focus()
    chosen = page.get_by_role("combobox", name="tuning")
    for _ in range(20):
        if chosen.evaluate("select => select === document.activeElement"):
            break
        page.keyboard.press("Tab")
    expect(chosen).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect_methods(page, "many (tuned=20x30)", "few (tuned=5x30)")
    page.keyboard.press("ArrowDown")
    expect_methods(page, "plain")


def test_a_figure_with_several_charts_shows_one_of_them(visit):
    page = visit()
    figure = page.locator("figure[data-choice]").first
    buttons = figure.get_by_role("group").get_by_role("button")
    expect(figure.locator(".picture")).to_have_count(buttons.count())
    for place in range(buttons.count()):
        buttons.nth(place).click()
        expect(buttons.nth(place)).to_have_attribute("aria-pressed", "true")
        for number in range(buttons.count()):
            expect(figure.locator(".picture").nth(number)).to_be_visible(visible=number == place)


def test_the_switch_overrides_the_system_s_colours(visit):
    page = visit(scheme="dark")
    background = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(background)
    page.locator("#theme").click()  # from the system's to light
    becomes(page, f"dark => {background} !== dark", dark)
    expect(page.locator("#theme")).to_have_attribute("aria-label", "Colours: light")
    page.locator("#theme").click()
    becomes(page, f"dark => {background} === dark", dark)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_can_be_read_on_their_background(visit, scheme):
    page = visit(scheme=scheme)
    worst = page.evaluate(CONTRAST)
    assert worst["ratio"] >= 4.5, worst


def test_images_of_a_page_are_really_there(visit):
    page = visit("*-sample.html")
    tiles = page.locator(".im[role=img]")
    expect(tiles.nth(20)).to_be_attached()
    becomes(
        page,
        "() => [...document.querySelectorAll('.im[role=img]')].every("
        "tile => getComputedStyle(tile).backgroundImage.startsWith('url(\"data:image'))",
    )


def test_everything_that_can_be_used_has_a_name(visit):
    page = visit()
    nameless = page.evaluate(
        "[...document.querySelectorAll('button,select,input,a,[role=region],svg[role=img]')].filter(e =>"
        " !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length)).length"
    )
    assert nameless == 0
