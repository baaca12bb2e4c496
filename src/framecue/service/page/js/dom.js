// Making elements: text goes in as text, never as markup, so nothing of a library or a query can become a part of the page.

const SVG = "http://www.w3.org/2000/svg";

export const $ = (selector, within = document) => within.querySelector(selector);

/**
 * Return a new element.
 *
 * Of the attributes, null, undefined and false are left out, true stands without a value, `dataset` is a mapping, and
 * a function is a listener whose name begins with "on": {onclick: ...}. Children are elements and texts; null, undefined
 * and false are left out.
 */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(key.slice(2), value);
    else if (key === "dataset") Object.assign(element.dataset, value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Return an icon of index.html; it means nothing to a screen reader, so what it stands on needs a name. */
export function icon(name) {
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("class", "icon");
  picture.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#icon-${name}`);
  picture.append(use);
  return picture;
}

/** Return a button with an icon, whose name is shown as a tooltip and read aloud. */
export function iconButton(name, label, onclick, attributes = {}) {
  return el("button", { type: "button", "aria-label": label, title: label, onclick, ...attributes }, icon(name));
}
