/** Elements made from data. What is given as text stays text, whatever stands in it. */

/**
 * @typedef {Node | string | null | undefined | false | Child[]} Child
 */

/**
 * An element.
 *
 * @param {string} name tag
 * @param {Object<string, unknown>} [attributes] `on…` functions become listeners, `true` an empty attribute; `false`,
 *   `null` and `undefined` leave one out
 * @param {...Child} children
 * @returns {HTMLElement}
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(attribute.slice(2), value);
    else if (value === true) made.setAttribute(attribute, "");
    else if (value !== false && value != null) made.setAttribute(attribute, String(value));
  }
  made.append(...shown(children));
  return made;
}

/**
 * Puts children in the place of those that an element has.
 *
 * @param {Element} parent
 * @param {...Child} children
 */
export function fill(parent, ...children) {
  parent.replaceChildren(...shown(children));
}

/** Text for screen readers alone. */
export const unseen = (text) => element("span", { class: "unseen" }, text);

const shown = (children) =>
  children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
