// Building the page. Data becomes text nodes and attributes, never markup.

export const byId = (id) => document.getElementById(id);

/** An element: `el("td", { class: "number" }, "12 ms")`. What is null, undefined or false is left out. */
export function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(key, value);
    else if (value !== null && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** A word with its icon and colour, which the style sheet knows. */
export const status = (word) => el("span", { class: "status", "data-word": word }, word);

/** An instant, as a distance from now that `tick` keeps true. */
export function moment(text) {
  if (!text) return el("span", { class: "quiet" }, "–");
  const node = el("time", { datetime: text, title: new Date(text).toLocaleString() });
  node.textContent = distance(text);
  return node;
}

export const tick = () =>
  document.querySelectorAll("time").forEach((node) => { node.textContent = distance(node.dateTime); });

function distance(text) {
  const seconds = Math.round((new Date(text) - Date.now()) / 1000);
  const size = Math.abs(seconds);
  if (size < 1) return "now";
  const [amount, unit] =
    size < 90 ? [size, "s"] : size < 5400 ? [size / 60, "min"] : size < 129600 ? [size / 3600, "h"] : [size / 86400, "d"];
  return seconds > 0 ? `in ${Math.round(amount)} ${unit}` : `${Math.round(amount)} ${unit} ago`;
}

export const millis = (value) =>
  value === null || value === undefined ? "–" : value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`;

export const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

export function table(caption, heads, rows) {
  const head = heads.map(([text, kind]) => el("th", { scope: "col", class: kind }, text));
  return el("div", { class: "scroll" },
    el("table", { "aria-label": caption }, el("thead", {}, el("tr", {}, head)), el("tbody", {}, rows)));
}

/** Shows `children` in a place unless it shows the same `data` already: what is open or focused stays so. */
export function show(place, data, children) {
  const key = JSON.stringify(data);
  if (place.shownFor === key) return;
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  place.replaceChildren(...[children()].flat());
  place.shownFor = key;
  if (focused) place.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}
