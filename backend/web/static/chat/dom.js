const SVG = "http://www.w3.org/2000/svg";

/** Line icons, 24 units wide. */
const ICONS = {
  chat: "M4 5h16v11h-9l-4.5 4v-4H4z",
  close: "M6 6l12 12M18 6L6 18",
  send: "M5 12h13M12.5 5.5L19 12l-6.5 6.5",
  down: "M12 5v13M5.5 12.5L12 19l6.5-6.5",
  page: "M6 3.5h8l4 4v13H6zM14 3.5v4h4M9 12h6M9 16h6",
  up: "M7 11v9H4v-9zM7 11l4-8c1.6 0 2.5 1 2.5 2.5V9H19a1.5 1.5 0 0 1 1.5 1.800l-1.4 7.700A1.8 1.8 0 0 1 17.3 20H7",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  person: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.5 20.5c.6-4 3.6-6 7.5-6s6.9 2 7.5 6",
  star: "M12 3.5l2.6 5.4 5.9.8-4.3 4.1 1 5.900L12 16.900l-5.2 2.8 1-5.9-4.3-4.1 5.9-.8z",
  check: "M5 12.5l4.5 4.5L19 7.5",
};

/**
 * An element. Text only ever becomes text nodes; there is no way to pass markup.
 * @param {string} tag
 * @param {Object<string, any>} [props] attributes; `on…` are listeners, false and null are left out
 * @param {...(Node|string|null|false)} children
 */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === false || value === undefined) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== false && child !== undefined));
  return node;
}

/** @param {keyof typeof ICONS} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `i-${name}`);
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** Shows the text, or hides the element where there is none. */
export function say(node, text) {
  if (node.textContent !== (text || "")) node.textContent = text || "";
  node.hidden = !text;
}

/** Sets an attribute only when it changes; null takes it away. */
export function attr(node, name, value) {
  if (value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/** A random id, also where the page is not served over https and `randomUUID` does not exist. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
