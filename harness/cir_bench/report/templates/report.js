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

  // A figure with several charts shows one at a time.
  for (const figure of all("figure[data-choice]")) {
    const buttons = all(".choices button", figure), pictures = all(".picture", figure);
    const choose = (chosen) => buttons.forEach((button, place) => {
      button.setAttribute("aria-pressed", String(place === chosen));
      pictures[place].hidden = place !== chosen;
    });
    buttons.forEach((button, place) => button.addEventListener("click", () => choose(place)));
    choose(0);
  }

  // Pointing at a method in a legend brings its line forward.
  for (const figure of all("figure")) {
    const light = (method) => {
      figure.classList.toggle("dim", method !== null);
      for (const part of all("[data-method]", figure)) part.classList.toggle("lit", part.dataset.method === method);
    };
    for (const item of all(".legend [data-method]", figure)) {
      item.addEventListener("mouseenter", () => light(item.dataset.method));
      item.addEventListener("mouseleave", () => light(null));
    }
  }
})();
