// How the results of a step came about: maps over the reference image, neighbours, named weights.

import * as api from "./api.js";
import {element, fileName, picture} from "./cards.js";

// Colours of a map from nothing to the most, as in the reports.
const HEAT = [[40, 20, 90], [190, 40, 110], [250, 140, 40], [255, 245, 160]];
const OPACITY = 0.66;
const ROWS = ["upper", "", "lower"], COLUMNS = ["left", "", "right"];

export class Why {
  constructor(find, attempt, go) {
    this.box = find("why");
    this.button = this.box.querySelector("button");
    this.reasons = find("reasons");
    this.canvas = find("overlay");
    this.image = find("reference");
    this.go = go;
    this.button.addEventListener("click", () => attempt(() => this.shown ? this.close() : this.open()));
    this.image.addEventListener("load", () => this.lay());
  }

  get shown() {
    return this.button.getAttribute("aria-expanded") === "true";
  }

  // The step that is looked at; what was shown of another one is closed.
  of(step, indexes) {
    this.asked = indexes.map((one, place) => one.explains ? place : -1).filter((place) => place >= 0);
    this.several = indexes.length > 1;
    this.box.hidden = !step?.rankings || !this.asked.length;
    if (step === this.step && step?.rankings === this.rankings) return;
    [this.step, this.rankings] = [step, step?.rankings];
    this.close();
  }

  close() {
    this.button.setAttribute("aria-expanded", "false");
    this.reasons.hidden = true;
    this.reasons.replaceChildren();
    this.choose(null);
  }

  async open() {
    const {step, rankings} = this;
    if (this.button.ariaBusy === "true") return;
    this.button.ariaBusy = "true";
    try {
      const answers = await Promise.all(this.asked.map((place) => api.explain(step.image.id, step.text, place)));
      if (step !== this.step || rankings !== this.rankings) return;
      this.reasons.replaceChildren(...answers.flatMap((one) => this.ofIndex(one, this.several)));
      this.reasons.hidden = false;
      this.button.setAttribute("aria-expanded", "true");
      this.reasons.querySelector("[aria-pressed]")?.click();
      this.box.scrollIntoView({block: "nearest"});
    } finally {
      this.button.ariaBusy = null;
    }
  }

  ofIndex({label, explanations}, named) {
    const parts = explanations.map((one) => this.one(one, named ? `${label}: ` : ""));
    return parts.length ? parts : [element("p", {className: "quiet"}, `${label} has nothing to show here.`)];
  }

  one({title, note, map, neighbours, weights}, before) {
    const made = element("section", {}, element("h3", {}, before + title));
    if (note) made.append(element("p", {className: "quiet"}, note));
    if (map) made.append(this.map(map, before + title));
    if (neighbours.length) made.append(element("ol", {className: "near"}, ...neighbours.map((one) => this.neighbour(one))));
    if (weights.length) made.append(element("ul", {className: "weights"}, ...weights.map(weight)));
    return made;
  }

  map(values, title) {
    const button = element("button", {type: "button"}, "Over the reference image");
    button.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-label", `${title}, over the reference image`);
    button.addEventListener("click", () => this.choose(this.chosen?.button === button ? null : {button, values, title}));
    return button;
  }

  neighbour(photo) {
    const shown = photo.weight.toFixed(3);
    const button = element("button", {type: "button", title: photo.name}, picture(photo), element("span", {}, shown));
    button.setAttribute("aria-label", `${fileName(photo)}, weight ${shown}; use as the next reference`);
    button.addEventListener("click", () => this.go({id: photo.id, name: photo.name}));
    return element("li", {}, button);
  }

  choose(chosen) {
    this.chosen?.button.setAttribute("aria-pressed", "false");
    this.chosen = chosen;
    chosen?.button.setAttribute("aria-pressed", "true");
    this.lay();
  }

  // Draw the chosen map, stretched over the whole image; the canvas lies on it in the same way.
  lay() {
    this.canvas.hidden = !this.chosen || !this.image.naturalWidth;
    if (this.canvas.hidden) return;
    const {values, title} = this.chosen;
    this.canvas.width = this.image.naturalWidth;
    this.canvas.height = this.image.naturalHeight;
    const context = this.canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(painted(values), 0, 0, this.canvas.width, this.canvas.height);
    this.canvas.setAttribute("aria-label", `${title}, over ${fileName(this.step.image)}: most in the ${where(values)}`);
  }
}

function weight({name, weight: value}) {
  const meter = element("meter", {min: 0, max: 1, value});
  meter.setAttribute("aria-label", name);
  return element("li", {}, element("span", {}, name), meter, element("span", {ariaHidden: "true"}, value.toFixed(2)));
}

function painted(values) {
  const made = element("canvas", {width: values[0].length, height: values.length});
  const context = made.getContext("2d");
  const pixels = context.createImageData(made.width, made.height);
  values.flat().forEach((value, place) => pixels.data.set([...colour(value), 255 * OPACITY * (0.35 + 0.65 * value)], 4 * place));
  context.putImageData(pixels, 0, 0);
  return made;
}

function colour(value) {
  const at = Math.min(value, 1) * (HEAT.length - 1), below = Math.min(Math.floor(at), HEAT.length - 2);
  return HEAT[below].map((low, channel) => low + (at - below) * (HEAT[below + 1][channel] - low));
}

// Where the largest value is, in words.
function where(values) {
  const cells = values.flat(), place = cells.indexOf(Math.max(...cells)), width = values[0].length;
  const third = (at, size) => Math.min(2, Math.floor(3 * (at + 0.5) / size));
  const words = [ROWS[third(Math.floor(place / width), values.length)], COLUMNS[third(place % width, width)]];
  return words.filter(Boolean).join(" ") || "middle";
}
