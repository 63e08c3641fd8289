// The steps of a search: a reference, a text and what was found. `at` is the one that is looked at.
// It survives a reload, and the browser's own buttons go back and forth in it.

const KEY = "trail";

export class Trail {
  constructor(changed) {
    this.changed = changed;
    this.steps = [];
    this.at = -1;
    try {
      const kept = JSON.parse(sessionStorage.getItem(KEY) || "null");
      if (kept) [this.steps, this.at] = [kept.steps, kept.at];
    } catch { /* begin anew */ }
    history.replaceState({at: this.at}, "");
    addEventListener("popstate", (event) => {
      this.at = Math.min(event.state?.at ?? -1, this.steps.length - 1);
      this.keep();
    });
  }

  get step() {
    return this.steps[this.at];
  }

  // The last step up to this one that has results.
  get shown() {
    return this.steps.slice(0, this.at + 1).reverse().find((step) => step.rankings);
  }

  begin(image) {
    this.steps = [];
    this.at = -1;
    this.next(image);
  }

  next(image) {
    this.steps = [...this.steps.slice(0, this.at + 1), {image, text: "", rankings: null, right: []}];
    this.go(this.steps.length - 1);
  }

  go(place) {
    this.at = place;
    history.pushState({at: place}, "");
    this.keep();
  }

  found(step, text, rankings) {
    const place = this.steps.indexOf(step);
    if (place < 0) return;
    if (step.text !== text) {
      this.steps = this.steps.slice(0, place + 1);
      step.right = [];
    }
    this.at = place;
    Object.assign(step, {text, rankings});
    this.keep();
  }

  keep() {
    try {
      sessionStorage.setItem(KEY, JSON.stringify({steps: this.steps, at: this.at}));
    } catch { /* a reload forgets it */ }
    this.changed();
  }
}
