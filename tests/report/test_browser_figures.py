"""Wide tables and charts of many lines in a real browser: columns, heads that stay, highlighted lines, saved files."""

import csv
import io
import re
import xml.etree.ElementTree as ET

import pytest

from cir_bench.report import report_page

playwright = pytest.importorskip("playwright.sync_api", reason="the browser tests need playwright, of .[test]")
expect = playwright.expect
SVG = "{http://www.w3.org/2000/svg}"
PARTS = {f"{part}/R@{k}": 40.0 for part in ("dress", "shirt", "toptee", "mean") for k in (5, 10, 50)}


@pytest.fixture
def opened(browser, cell, shown, tmp_path):
    """``opened(width)``: a page of many rows, metrics of three parts, and sweeps; nothing may go wrong in it."""
    for place in range(9):
        for seed in range(2):
            cell(f"method-{place}", 0.5 - 0.05 * place, seed=seed)
        cell(f"wide-{place}", kept=False, cell={"protocol": "parts@1"}, metrics=PARTS, headline="mean/R@10")
    cell("random", 0.01)
    (tmp_path / "page.html").write_text(report_page(shown()), encoding="utf-8")
    said, contexts = [], []

    def visit(width=1440):
        contexts.append(browser.new_context(viewport={"width": width, "height": 700}))
        page = contexts[-1].new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto((tmp_path / "page.html").as_uri())
        return page

    yield visit
    for context in contexts:
        context.close()
    assert not said


def best_two(page):
    """The first two rows of the last table."""
    rows = page.locator(".board").last.locator("tbody tr")
    return [rows.nth(place).get_attribute("data-method") for place in (0, 1)]


def test_a_wide_table_fits_the_page_and_the_rest_is_behind_a_switch(opened):
    page = opened()
    block = page.locator("section.block").filter(has=page.locator("[data-heading='dress/R@5']"))
    board, head = block.locator(".board"), block.locator("[data-heading='dress/R@5']")
    expect(board).to_have_class(re.compile("fits"))
    expect(head).to_be_hidden()
    summary = block.locator("details.columns summary")
    expect(summary).to_contain_text("hidden: ")
    summary.focus()
    page.keyboard.press("Enter")
    box = block.get_by_label("dress/R@5", exact=True)
    box.focus()
    page.keyboard.press("Space")
    expect(head).to_be_visible()
    block.get_by_role("button", name="All").click()
    expect(summary).to_contain_text("all shown")
    page.wait_for_function("document.documentElement.scrollWidth === 1440")
    block.get_by_role("button", name="Main ones").click()
    expect(head).to_be_hidden()


def test_the_head_of_a_table_stays_below_the_filters(opened):
    page = opened()
    row = page.locator(".board tbody tr").nth(6)
    row.evaluate("row => scrollTo(0, row.getBoundingClientRect().top + scrollY - 300)")
    page.wait_for_function(
        """() => {
            const top = document.querySelector(".board thead th").getBoundingClientRect().top;
            const bar = document.getElementById("filters").getBoundingClientRect();
            return Math.abs(bar.top) < 1 && Math.abs(top - bar.bottom) < 2;
        }"""
    )


def test_two_of_many_lines_are_highlighted_and_others_by_a_click_or_a_key(opened):
    page = opened()
    figure = page.locator("figure").filter(has=page.get_by_role("heading", name="R@K", exact=True)).last
    pressed, best = figure.locator(".legend [aria-pressed=true]"), best_two(page)
    expect(pressed).to_have_text(best)
    expect(figure.locator(f".line.lit[data-method='{best[0]}']").first).to_be_visible()
    expect(figure.locator(".readout")).to_contain_text(f"{best[0]}: R@1 ")
    button = figure.get_by_role("button", name="method-5")
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(figure.locator(".readout")).to_contain_text("method-5: R@1 ")
    figure.locator(".label[data-method='method-5']").click()
    expect(pressed).to_have_text(best)
    figure.get_by_role("button", name="No highlight").click()
    expect(pressed).to_have_count(0)
    expect(figure).not_to_have_class(re.compile("picking"))


def test_a_figure_is_saved_as_it_looks_and_as_numbers(opened, tmp_path):
    page = opened()
    figure = page.locator("figure").filter(has=page.get_by_role("heading", name="R@K", exact=True)).last
    with page.expect_download() as saved:
        figure.get_by_role("button", name="as SVG").click()
    assert saved.value.suggested_filename == "made-up-test@1-r@k.svg"
    saved.value.save_as(tmp_path / "chart.svg")
    drawn = ET.parse(tmp_path / "chart.svg").getroot()
    lines = [one for one in drawn.iter(f"{SVG}path") if "line" in one.get("class", "").split()]
    assert drawn.tag == f"{SVG}svg" and len(lines) >= 10
    assert all("stroke:rgb" in one.get("style") for one in lines)
    with page.expect_download() as saved:
        figure.get_by_role("button", name="as CSV").click()
    saved.value.save_as(tmp_path / "chart.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "chart.csv").read_text(encoding="utf-8"))))
    assert [row[""] for row in rows][:2] == best_two(page) and float(rows[0]["R@1"]) > 0


def test_a_legend_names_what_the_chart_shows(opened):
    page = opened()
    figure = page.locator("figure[data-choice]").first
    for button in figure.get_by_role("group").get_by_role("button").all():
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
        drawn = figure.locator(".picture:not([hidden]) .mark").evaluate_all("all => all.map(e => e.dataset.method)")
        expect(figure.locator(".legend li:not([hidden])")).to_have_count(len(set(drawn)))
