// Photos as cards in a list: chosen by a click or the keyboard.

export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

export const thumbnail = (image) => `/thumb/${image.id}`;
export const fileName = (image) => image.name.split("/").pop() || "your image";
const shortName = (image) => fileName(image).replace(/\.(jpe?g|png|webp)$/i, "");

export function picture(image) {
  const shown = element("img", {src: thumbnail(image), alt: "", loading: "lazy", decoding: "async"});
  shown.addEventListener("error", () => shown.replaceWith(element("span", {className: "gone"}, "cannot be shown")));
  return shown;
}

// `note`: what is written below the name; `extra`: more elements.
export function card(image, {label, note = "", current = false, rank = "", use, extra = []}) {
  const button = element("button", {className: "use", type: "button", title: image.name}, picture(image));
  button.setAttribute("aria-label", label);
  button.dataset.id = image.id;
  if (current) button.setAttribute("aria-current", "true");
  button.addEventListener("click", () => use(image));
  const place = rank && element("span", {className: "rank", ariaHidden: "true"}, rank);
  const words = element("div", {className: "words"}, element("span", {className: "name"}, shortName(image)));
  if (note) words.append(element("span", {className: "score"}, note));
  return element("li", {className: "card"}, button, ...(place ? [place] : []), words, ...extra);
}

// Arrow keys go from card to card.
export function walk(event) {
  const button = event.target.closest?.(".use");
  const step = {ArrowLeft: -1, ArrowRight: 1, ArrowUp: 0, ArrowDown: 0}[event.key];
  if (!button || step === undefined) return;
  const all = [...button.closest("ol").querySelectorAll(".use")];
  const columns = all.filter((one) => one.offsetTop === all[0].offsetTop).length || 1;
  const down = {ArrowUp: -columns, ArrowDown: columns}[event.key] || 0;
  const next = all[all.indexOf(button) + step + down];
  if (next) {
    event.preventDefault();
    next.focus();
  }
}
