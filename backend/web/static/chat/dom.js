const SVG = "http://www.w3.org/2000/svg";

/** Line icons, 24 units wide. */
const ICONS = {
  chat: "M4 5h16v11h-9l-4.5 4v-4H4z",
  close: "M6 6l12 12M18 6L6 18",
  send: "M5 12h13M12.5 5.5L19 12l-6.5 6.5",
  page: "M6 3.5h8l4 4v13H6zM14 3.5v4h4M9 12h6M9 16h6",
  up: "M7 11v9H4v-9zM7 11l4-8c1.6 0 2.5 1 2.5 2.5V9H19a1.5 1.5 0 0 1 1.5 1.8l-1.4 7.7A1.8 1.8 0 0 1 17.3 20H7",
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

/** A button that never submits a form. */
export function button(className, onclick, ...children) {
  return h("button", { type: "button", class: className, onclick }, ...children);
}

/** A round button with an icon and a name. */
export function iconButton(className, name, label, onclick) {
  return h("button", { type: onclick ? "button" : "submit", class: className, "aria-label": label, title: label, onclick }, icon(name));
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
