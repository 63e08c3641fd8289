"""A real browser, and what is asked of every page in it.

Needs playwright and a Chromium or Chrome of the system (or the path of one in CIR_BENCH_BROWSER). Without a browser the
tests are skipped, but where the variable ``CI`` is set they fail.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def open_browser() -> Iterator[Any]:
    """The browser; it is closed afterwards."""
    from playwright.sync_api import sync_playwright

    path = os.environ.get("CIR_BENCH_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        missing = "there is no Chromium or Chrome here: install one, e.g. apt install chromium"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    with sync_playwright() as running:
        opened = running.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgb = (colour, below) => {
    canvas.fillStyle = below ? `rgb(${below})` : "#fff"; canvas.fillRect(0, 0, 1, 1);
    canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (colour) => {
    const [r, g, b] = colour.map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) layers.unshift(getComputedStyle(e).backgroundColor);
    return layers.reduce((below, colour) => rgb(colour, below), [255, 255, 255]);
  };
  let worst = {ratio: 99};
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || !element.checkVisibility() || element.closest("script,style,option")) continue;
    const style = getComputedStyle(element), ground = behind(element);
    const text = rgb(element instanceof SVGElement ? style.fill : style.color, ground);
    const [a, b] = [light(text), light(ground)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < worst.ratio) worst = {ratio, text: element.textContent.trim().slice(0, 40), of: element.className};
  }
  return worst;
}"""
"""Of all texts that are seen, the one that differs least from what is behind it."""

NAMELESS = """[...document.querySelectorAll('button,select,input,textarea,a,[role=region],svg[role=img]')].filter(e =>
 !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length)).map(e => e.outerHTML)"""
"""What can be used, but has no name."""
