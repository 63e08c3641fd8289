import * as api from "./api.js";
import {card, element, fileName, picture, walk} from "./cards.js";
import {Trail} from "./trail.js";
import {Why} from "./why.js";

const $ = (name) => document.getElementById(name);
const PHOTOS = 60, RESULTS = 24, MOST = 200, SHOWN = 100;
const NOTHING = "There is no photo but the reference, so there is nothing else to show.";
const KINDS = ["image/jpeg", "image/png", "image/webp"];
let served = {indexes: [], most_bytes: 0};
let browsing = true, column = 0, asked = 0, listed = {images: [], total: 0, words: ""};
let written; // the step whose text is in the field; what has been typed since stays
const trail = new Trail(() => { browsing = !trail.shown; draw(); });
const why = new Why($, (work) => attempt(work), (image) => go(image));

function say(problem) {
  $("problem").textContent = problem || "";
}

async function attempt(work) {
  say("");
  try {
    await work();
  } catch (error) {
    say(error.message);
  }
}

// -- what is done -----------------------------------------------------------------------------------------------------

function begin(image) {
  say("");
  trail.begin(image);
  $("text").focus({preventScroll: true});
  toTop();
}

function go(image) {
  say("");
  trail.next(image);
  $("text").focus({preventScroll: true});
  toTop();
}

function toTop() {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  scrollTo({top: 0, behavior: calm ? "auto" : "smooth"});
}

const open = (file) => attempt(async () => {
  if (!KINDS.includes(file.type)) throw new Error("This is not a JPEG, PNG or WebP image.");
  if (file.size > served.most_bytes) throw new Error(`The image has more than ${served.most_bytes >> 20} MiB; send a smaller one.`);
  $("drop").classList.add("busy");
  try {
    const image = await api.upload(file);
    begin({...image, name: file.name});
  } finally {
    $("drop").classList.remove("busy");
  }
});

const search = (k = RESULTS) => attempt(async () => {
  const step = trail.step, text = $("text").value.trim(), number = ++asked;
  if (!step) throw new Error("Choose an image first.");
  if (!text) {
    $("text").focus();
    throw new Error("Say what should change.");
  }
  $("found").setAttribute("aria-busy", "true");
  $("go").disabled = true;
  try {
    const {rankings} = await api.search(step.image.id, text, k);
    if (number === asked) trail.found(step, text, rankings);
  } finally {
    if (number === asked) {
      $("found").removeAttribute("aria-busy");
      $("go").disabled = false;
    }
  }
});

const judge = (step, hit) => attempt(async () => {
  const right = !step.right.includes(hit.id);
  const shown = step.rankings.flatMap((one) => one.hits.slice(0, SHOWN / step.rankings.length)).map((one) => one.id);
  const judgement = {reference: step.image.id, text: step.text, target: hit.id, shown: [...new Set(shown)], right};
  const {triplets} = await api.judge(judgement);
  step.right = right ? [...step.right, hit.id] : step.right.filter((id) => id !== hit.id);
  served.triplets = triplets;
  trail.keep();
  drawServed();
});

const list = (words, more = false) => attempt(async () => {
  const start = more ? listed.images.length : 0;
  const page = await api.photos(start, PHOTOS, words);
  if (words !== $("filter").querySelector("input").value) return;
  listed = {images: more ? [...listed.images, ...page.images] : page.images, total: page.total, words};
  if (browsing) drawFound();
});

// -- what is seen -----------------------------------------------------------------------------------------------------

function draw() {
  const {step} = trail;
  const image = step?.image;
  $("reference").hidden = !image;
  $("invite").hidden = Boolean(image);
  if (image) {
    $("reference").src = `/image/${image.id}`;
    $("reference").alt = `Reference: ${fileName(image)}`;
  }
  $("named").textContent = image ? fileName(image) : "";
  if (step !== written) $("text").value = step?.text ?? "";
  written = step;
  $("browse").disabled = browsing;
  why.of(step, served.indexes);
  drawTrail();
  drawFound();
}

function drawServed() {
  const {indexes, triplets} = served;
  const images = Math.max(0, ...indexes.map((one) => one.images)).toLocaleString("en");
  const names = indexes.map((one) => one.label).join(" and ");
  const right = triplets ? ` · ${triplets.toLocaleString("en")} marked as right` : "";
  const found = indexes.map((one) => one.approximate).filter(Boolean)
    .map(({kind, recall, k}) => ` · ${kind}: finds ${(100 * recall).toFixed(1)}% of the best ${k}`).join("");
  const reads = [...new Set(indexes.map((one) => one.reads).filter(Boolean))].join(" ");
  $("reads").textContent = reads;
  $("reads").hidden = !reads;
  $("served").textContent = `${images} photos · ${names}${found}${right}`;
}

function drawTrail() {
  const items = trail.steps.map((step, place) => {
    const button = element("button", {type: "button"}, picture(step.image), said(step));
    button.setAttribute("aria-label", `Step ${place + 1}: ${fileName(step.image)}, ${step.text || "no text yet"}`);
    if (place === trail.at) button.setAttribute("aria-current", "step");
    button.addEventListener("click", () => trail.go(place));
    return element("li", {}, button);
  });
  $("trail").hidden = trail.steps.length < 2;
  $("trail").querySelector("ol").replaceChildren(...items);
  $("trail").querySelector("[aria-current]")?.scrollIntoView({block: "nearest", inline: "nearest"});
}

const said = (step) => element("span", {className: step.text ? "" : "quiet"}, step.text || "not asked yet");

function drawFound() {
  const focused = document.activeElement?.closest?.("#lists .use, #lists .right");
  const place = focused && [...$("lists").querySelectorAll("button")].indexOf(focused);
  $("filter").hidden = !browsing;
  $("switch").hidden = browsing || served.indexes.length < 2;
  if (browsing) drawPhotos();
  else drawResults(trail.shown);
  if (place >= 0) $("lists").querySelectorAll("button")[place]?.focus({preventScroll: true});
}

function drawPhotos() {
  const {images, total, words} = listed;
  const cards = images.map((image) => card(image, {
    label: `${fileName(image)}: use as the reference`,
    current: image.id === trail.step?.image.id,
    use: begin,
  }));
  $("title").textContent = "Photos";
  $("hint").textContent = "";
  document.title = "Search photos";
  $("status").textContent = words || images.length < total ? `${images.length} of ${total.toLocaleString("en")}` : `${total}`;
  const none = element("p", {className: "none"}, words ? `No photo has “${words}” in its name.` : "");
  $("lists").replaceChildren(images.length ? element("ol", {className: "grid"}, ...cards) : none);
  $("more").hidden = images.length >= total;
}

function drawResults(step) {
  const places = step.rankings.map((one) => new Map(one.hits.map((hit, rank) => [hit.id, rank + 1])));
  const next = trail.at > trail.steps.indexOf(step) ? trail.step.image.id : "";
  $("title").textContent = `“${step.text}”`;
  const most = Math.max(...step.rankings.map((one) => one.hits.length));
  $("status").textContent = next ? `${most} results of the step before` : `${most} results`;
  const hint = next ? "Say what should change now." : "Choose one to go on from it; tick ✓ what was right.";
  $("hint").textContent = most ? hint : "";
  document.title = `“${step.text}” – Search photos`;
  $("switch").replaceChildren(...step.rankings.map((one, place) => {
    const button = element("button", {type: "button"}, one.label);
    button.setAttribute("aria-pressed", String(place === column));
    button.addEventListener("click", () => { column = place; drawFound(); });
    return button;
  }));
  $("lists").replaceChildren(...step.rankings.map((one, place) => {
    const cards = one.hits.map((hit, rank) => result(step, hit, rank + 1, places[1 - place]?.get(hit.id), next));
    const head = element("h3", {}, one.label, " ", element("small", {}, `${Math.round(one.milliseconds)} ms`));
    const list = cards.length ? element("ol", {className: "grid"}, ...cards) : element("p", {className: "none"}, NOTHING);
    const made = element("section", {className: "ranking", ariaLabel: one.label}, list);
    if (step.rankings.length > 1) made.prepend(head);
    made.classList.toggle("behind", place !== column);
    return made;
  }));
  $("lists").dataset.count = step.rankings.length;
  $("more").hidden = most < RESULTS || most >= MOST || next !== "" || most % RESULTS !== 0;
}

function result(step, hit, rank, elsewhere, next) {
  const right = step.right.includes(hit.id);
  const tip = element("span", {className: "tip"}, right ? "Marked as right" : "This was right");
  const button = element("button", {className: "right", type: "button"}, tip);
  button.setAttribute("aria-pressed", String(right));
  button.setAttribute("aria-label", `${fileName(hit)} was right`);
  button.addEventListener("click", () => judge(step, hit));
  const also = elsewhere && element("span", {className: "also"}, `also #${elsewhere}`);
  return card(hit, {
    label: `${rank}: ${fileName(hit)}, score ${hit.score.toFixed(3)}; use as the next reference`,
    note: hit.score.toFixed(3),
    rank: String(rank),
    current: hit.id === next,
    use: ({id, name}) => go({id, name}),
    extra: [button, ...(also ? [also] : [])],
  });
}

// -- what is heard ----------------------------------------------------------------------------------------------------

$("ask").addEventListener("submit", (event) => { event.preventDefault(); search(); });
$("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    $("ask").requestSubmit();
  }
});
$("file").addEventListener("change", () => {
  if ($("file").files[0]) open($("file").files[0]);
  $("file").value = "";
});
$("browse").addEventListener("click", () => { browsing = true; $("browse").disabled = true; drawFound(); $("found").focus(); });
$("more").addEventListener("click", () => {
  if (browsing) list(listed.words, true);
  else search(Math.min(MOST, trail.shown.rankings[0].hits.length + RESULTS));
});
$("filter").querySelector("input").addEventListener("input", (event) => list(event.target.value));
$("lists").addEventListener("keydown", walk);
for (const kind of ["dragenter", "dragover"]) {
  addEventListener(kind, (event) => { event.preventDefault(); $("drop").classList.add("over"); });
}
for (const kind of ["dragleave", "drop"]) {
  addEventListener(kind, (event) => {
    event.preventDefault();
    if (kind === "drop" || !event.relatedTarget) $("drop").classList.remove("over");
  });
}
addEventListener("drop", (event) => { if (event.dataTransfer.files[0]) open(event.dataTransfer.files[0]); });
addEventListener("paste", (event) => { if (event.clipboardData.files[0]) open(event.clipboardData.files[0]); });
addEventListener("keydown", (event) => {
  const writing = event.target.matches?.("input, textarea");
  if (event.key === "/" && !writing && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    $("text").focus();
  }
});

await attempt(async () => {
  served = await api.info();
  browsing = !trail.shown;
  drawServed();
  draw();
  await list("");
});
