(() => {
  "use strict";
  const all = (query, within = document) => [...within.querySelectorAll(query)];

  // Light, dark, or as the system says. Storage may be forbidden for a page from disk; then the choice lasts a visit.
  const root = document.documentElement, theme = document.getElementById("theme");
  const names = { "": "Auto", light: "Light", dark: "Dark" }, order = ["", "light", "dark"];
  const stored = (value) => {
    try {
      if (value === undefined) return localStorage.getItem("cir-bench-theme") || "";
      localStorage.setItem("cir-bench-theme", value);
    } catch { /* not allowed here */ }
    return "";
  };
  const paint = (value) => {
    if (value) root.dataset.theme = value; else delete root.dataset.theme;
    theme.textContent = names[value];
    theme.setAttribute("aria-label", "Colours: " + (value || "as the system"));
  };
  if (theme) {
    const known = stored();
    paint(order.includes(known) ? known : "");
    theme.addEventListener("click", () => {
      const next = order[(order.indexOf(root.dataset.theme || "") + 1) % order.length];
      paint(next);
      stored(next);
    });
  }

  // Sorting: rows without a value and sentinels stay below, whatever the direction.
  const sortBy = (table, column, ascending) => {
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => ({ row, value: row.cells[column].dataset.v, on: row.cells[column].dataset.on || "" }));
    const numeric = rows.every(({ value }) => value === undefined || value.trim() !== "" && !isNaN(value));
    const below = ({ row, value }) => ("last" in row.dataset ? 2 : value === undefined ? 1 : 0);
    rows.sort((a, b) => {
      const placed = below(a) - below(b) || a.on.localeCompare(b.on);  // costs of two machines are not compared
      if (placed || a.value === undefined || b.value === undefined) return placed;
      const difference = numeric ? a.value - b.value : a.value.localeCompare(b.value);
      return ascending ? difference : -difference;
    });
    body.append(...rows.map(({ row }) => row));
  };
  for (const table of all("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = head.querySelector("button");
      if (!button) return;
      button.addEventListener("click", () => {
        const was = head.getAttribute("aria-sort");
        const ascending = was ? was !== "ascending" : button.dataset.better === "low";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
        sortBy(table, column, ascending);
      });
    });
  }

  // Filtering: tables by what they are of; rows, lines and marks by method and tuning budget.
  const filters = document.getElementById("filters");
  if (filters) {
    const found = document.getElementById("found"), nothing = document.getElementById("nothing");
    const tunings = new Map(all("[data-tuning]").map((row) => [row.dataset.method, row.dataset.tuning]));
    const isTuned = (method, asked) => {
      const budget = tunings.get(method);  // a name says how it was tuned
      return !asked || (asked === "tuned" ? budget : asked === "not tuned" ? !budget : budget === asked);
    };
    const apply = () => {
      const asked = Object.fromEntries(new FormData(filters));
      const words = (asked.method || "").toLowerCase().trim();
      let tables = 0, rows = 0;
      for (const block of all("section.block")) {
        const fits = ["benchmark", "protocol", "track"].every((key) => !asked[key] || block.dataset[key] === asked[key])
          && (!asked.encoder || block.dataset.encoder.split("\n").includes(asked.encoder));
        let here = 0;
        for (const part of all("[data-method]", block)) {
          const own = part.closest(".figures.small") ? null : part.dataset.method;
          const hit = own === null || own.toLowerCase().includes(words) && isTuned(own, asked.tuning);
          part.classList.toggle("off", !hit);
          if (hit && part.matches(".board tbody tr, .failed li")) here += 1;
        }
        const shown = fits && (here > 0 || !words && !asked.tuning);
        block.classList.toggle("off", !shown);
        for (const link of all(`[data-contents="${block.id}"]`)) link.classList.toggle("off", !shown);
        if (shown) { tables += 1; rows += here; }
      }
      nothing.hidden = tables > 0;
      found.textContent = `${rows} ${rows === 1 ? "row" : "rows"} in ${tables} ${tables === 1 ? "table" : "tables"}`;
    };
    filters.addEventListener("input", apply);
    filters.addEventListener("submit", (event) => event.preventDefault());
    filters.addEventListener("reset", () => setTimeout(apply));
    apply();
  }

  // Which columns a table shows; those of the first view are checked.
  const cells = (table, place) => [...table.rows].map((row) => row.cells[place]).filter(Boolean);
  for (const chooser of all("details.columns")) {
    const table = chooser.parentElement.querySelector(".board table"), boxes = all("input", chooser);
    const heads = [...table.tHead.rows[0].cells], first = boxes.map((box) => box.defaultChecked);
    const show = () => {
      for (const box of boxes) {
        const place = heads.findIndex((head) => head.dataset.heading === box.dataset.column);
        for (const cell of cells(table, place)) cell.hidden = !box.checked;
      }
      const hidden = boxes.filter((box) => !box.checked).map((box) => box.dataset.column);
      const some = hidden.slice(0, 6).join(", ") + (hidden.length > 6 ? ", …" : "");
      chooser.querySelector("summary span").textContent = hidden.length ? `(${hidden.length} hidden: ${some})` : "(all shown)";
      fit();
    };
    chooser.addEventListener("change", show);
    for (const button of all("button", chooser)) button.addEventListener("click", () => {
      boxes.forEach((box, place) => { box.checked = button.dataset.show === "all" || first[place]; });
      show();
    });
    chooser.hidden = boxes.length === 0;
    show();
  }

  // A head stays in view: below the filters where the table fits the page, else within the table's own scrolling.
  function fit() {
    const bar = filters && getComputedStyle(filters).position === "sticky" ? filters.offsetHeight : 0;
    root.style.setProperty("--under", `${bar}px`);
    for (const board of all(".board")) {
      board.classList.remove("fits");
      board.classList.toggle("fits", board.scrollWidth <= board.clientWidth);
    }
  }
  fit();
  addEventListener("resize", fit);

  // A figure with several charts shows one at a time, and its legend names what that one shows.
  for (const figure of all("figure[data-choice]")) {
    const buttons = all(".choices button", figure), pictures = all(".picture", figure);
    const choose = (chosen) => {
      buttons.forEach((button, place) => {
        button.setAttribute("aria-pressed", String(place === chosen));
        pictures[place].hidden = place !== chosen;
      });
      const drawn = new Set(all("[data-method]", pictures[chosen]).map((part) => part.dataset.method));
      for (const item of all(".legend [data-method]", figure)) item.hidden = !drawn.has(item.dataset.method);
    };
    buttons.forEach((button, place) => button.addEventListener("click", () => choose(place)));
    choose(0);
  }

  // Lines are highlighted by pointing at them or their name; a click keeps them so.
  for (const figure of all("figure")) {
    const items = all(".legend [data-method]", figure), readout = figure.querySelector(".readout");
    const chosen = new Set(all("[data-first]", figure).map((button) => button.closest("li").dataset.method));
    const heads = all(".numbers thead th", figure).map((head) => head.textContent);
    const numbers = new Map(all(".numbers tbody tr", figure).map((row) => [row.cells[0].textContent, row]));
    const words = (method) => {
      const values = [...(numbers.get(method)?.cells || [])].slice(1).map((cell, place) => [heads[place], cell.textContent])
        .filter(([, text]) => text.length <= 24).map((pair) => pair.join(" "));
      return `${method}: ${values.join(" · ")}`;
    };
    const light = (pointed) => {
      const lit = pointed === null ? chosen : new Set([...chosen, pointed]);
      figure.classList.toggle(readout ? "picking" : "dim", lit.size > 0);
      for (const part of all("[data-method]", figure)) part.classList.toggle("lit", lit.has(part.dataset.method));
      if (readout) readout.textContent = lit.size ? [...lit].map(words).join("\n") : "Point at a line or a name to highlight it; a click keeps it.";
      for (const item of items) item.querySelector("button")?.setAttribute("aria-pressed", String(chosen.has(item.dataset.method)));
    };
    const toggle = (method) => {
      if (!chosen.delete(method)) chosen.add(method);
      light(null);
    };
    const parts = readout ? all(".picture .hit, .picture .label, .picture .mark, .legend li[data-method]", figure) : items;
    for (const part of parts) {
      part.addEventListener("mouseenter", () => light(part.dataset.method));
      part.addEventListener("mouseleave", () => light(null));
      if (readout) part.addEventListener("click", () => toggle(part.dataset.method));
      const button = part.querySelector("button");
      button?.addEventListener("focus", () => button.matches(":focus-visible") && light(part.dataset.method));
      button?.addEventListener("blur", () => light(null));
    }
    figure.querySelector(".none")?.addEventListener("click", () => { chosen.clear(); light(null); });
    if (readout) light(null);
  }

  // Saving a figure: the chart that is shown as it looks, or its numbers.
  const save = (name, ending, type, text) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name.replace(/[^\w@.-]+/g, "-").replace(/^-+|-+$/g, "").toLowerCase() + ending;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  };
  const painted = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "stroke-linecap", "opacity",
    "font-family", "font-size", "font-weight", "text-anchor"];
  const drawing = (svg, title) => {
    const copy = svg.cloneNode(true), [, , width, height] = svg.getAttribute("viewBox").split(" ");
    const whole = getComputedStyle(svg.closest("figure"));
    const pairs = [[svg, copy], ...all("*", svg).map((from, place) => [from, copy.querySelectorAll("*")[place]])];
    for (const [from, to] of pairs) {
      const style = getComputedStyle(from);
      to.setAttribute("style", painted.map((name) => `${name}:${style.getPropertyValue(name)}`).join(";"));
      if (style.display === "none") to.setAttribute("display", "none");
    }
    const back = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const box = { x: -16, y: -30, width: +width + 32, height: +height + 46, fill: whole.backgroundColor };
    for (const [name, value] of Object.entries(box)) back.setAttribute(name, value);
    const text = document.createElementNS("http://www.w3.org/2000/svg", "text");
    text.textContent = title;
    text.setAttribute("style", `font:600 13px ${whole.fontFamily.replaceAll('"', "'")};fill:${whole.color}`);
    text.setAttribute("y", "-10");
    copy.prepend(back, text);
    copy.setAttribute("viewBox", `${box.x} ${box.y} ${box.width} ${box.height}`);
    copy.setAttribute("width", String(box.width));
    copy.setAttribute("height", String(box.height));
    return new XMLSerializer().serializeToString(copy);
  };
  const field = (text) => {
    const safe = /^[=+\-@]/.test(text) && isNaN(text) ? `'${text}` : text;  // no formula of a spreadsheet
    return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  for (const button of all("[data-save]")) button.addEventListener("click", () => {
    const figure = button.closest("figure"), name = figure.dataset.name;
    if (button.dataset.save === "svg") {
      const shown = all(".picture", figure).find((picture) => !picture.hidden);
      save(name, ".svg", "image/svg+xml", drawing(shown.querySelector("svg"), figure.querySelector("figcaption").firstElementChild.textContent));
    } else {
      const rows = all(".numbers tr", figure).map((row) => [...row.cells].map((cell) => field(cell.textContent)).join(","));
      save(name, ".csv", "text/csv", rows.join("\n") + "\n");
    }
  });
})();
