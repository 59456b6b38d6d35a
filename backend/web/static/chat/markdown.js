import { h } from "./dom.js";

const INLINE = /\\([\\*`[\]])|\[([^\]\n]+)\]\(([^()\s]+)\)|\*\*(?=\S)((?:\\.|[^\n\\])+?)\*\*|\*(?=\S)([^*\n]+?)\*|`([^`\n]+)`/;
const ITEM = /^(\s*)(?:([-*•])|(\d{1,3})[.)])\s+(.*)$/;

/**
 * The desk's subset of Markdown as nodes: paragraphs, lists, bold, italics, code, links and signs escaped
 * by a backslash. Everything else stays text.
 * @param {string} text
 * @param {string} base address that relative links start from
 * @param {boolean} [breaks] a new line is one on the screen, too, as in what a person typed
 * @returns {DocumentFragment}
 */
export function renderMarkdown(text, base, breaks = false) {
  const out = document.createDocumentFragment();
  for (const block of String(text).replace(/\r\n?/g, "\n").split(/\n\s*\n/)) {
    if (block.trim()) renderBlock(block.split("\n"), out, base, breaks);
  }
  joinLists(out);
  return out;
}

/** The address if a link may lead there: the desk's own site, or https. Otherwise null, and the text stays text. */
export function safeUrl(href, base) {
  try {
    const url = new URL(href, base);
    const own = url.origin === new URL(base).origin && /^https?:$/.test(url.protocol);
    return own || url.protocol === "https:" ? url : null;
  } catch {
    return null;
  }
}

/** A link that leaves another site's page alone: only on the desk's own pages does it open in place. */
export function link(url, ...children) {
  const away = url.origin !== location.origin;
  return h("a", { href: url.href, target: away && "_blank", rel: away && "noopener noreferrer" }, ...children);
}

function renderBlock(lines, out, base, breaks) {
  let paragraph = null;
  let list = null;
  let item = null;
  for (const line of lines) {
    const match = ITEM.exec(line);
    if (match) {
      paragraph = null;
      const tag = match[3] ? "ol" : "ul";
      if (!list || list.localName !== tag) {
        list = h(tag, { start: match[3] && match[3] !== "1" && match[3] });
        out.append(list);
      }
      item = h("li", { dir: "auto" });
      inline(match[4], item, base);
      list.append(item);
    } else if (item && /^\s/.test(line)) {
      item.append(" ");
      inline(line.trim(), item, base);
    } else {
      list = item = null;
      if (paragraph) paragraph.append(breaks ? h("br") : " ");
      else out.append((paragraph = h("p", { dir: "auto" })));
      inline(line.trim(), paragraph, base);
    }
  }
}

/** Items that a blank line set apart are still one list. */
function joinLists(out) {
  for (const list of [...out.children]) {
    const before = list.previousElementSibling;
    if (/^[ou]l$/.test(list.localName) && before?.localName === list.localName) {
      before.append(...list.children);
      list.remove();
    }
  }
}

function inline(text, parent, base) {
  let rest = text;
  for (let match = INLINE.exec(rest); match; match = INLINE.exec(rest)) {
    const [whole, sign, label, href, bold, italic, code] = match;
    parent.append(rest.slice(0, match.index));
    if (sign) {
      parent.append(sign);
    } else if (href !== undefined) {
      const url = safeUrl(href, base);
      if (url) inline(label, parent.appendChild(link(url)), base);
      else parent.append(whole);
    } else if (code !== undefined) {
      parent.append(h("code", {}, code));
    } else {
      inline(bold ?? italic, parent.appendChild(h(bold === undefined ? "em" : "strong")), base);
    }
    rest = rest.slice(match.index + whole.length);
  }
  parent.append(rest);
}
