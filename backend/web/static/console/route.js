/** Addresses: every place and filter of the console has one, and going there is a step of the browser's history. */

import { query } from "./api.js";

const PLACES = { "/console": "queue", "/console/": "queue" };

/** @returns {{view: string, id?: string, tab: string, q: string, params: URLSearchParams}} */
export function here() {
  const { pathname } = location;
  const params = new URLSearchParams(location.search);
  const common = { params, tab: params.get("tab") || "waiting", q: params.get("q") || "" };
  const conversation = /^\/console\/c\/([^/]+)\/?$/.exec(pathname);
  if (conversation) return { view: "queue", id: decodeURIComponent(conversation[1]), ...common };
  const learner = /^\/console\/learners\/([^/]+)\/?$/.exec(pathname);
  if (learner) return { view: "learners", id: decodeURIComponent(learner[1]), ...common };
  return { view: PLACES[pathname] ?? pathname.split("/")[2], ...common };
}

/** The queue, or a conversation in it, with the filters that are on. */
export function place({ id, tab, q } = {}) {
  const now = here();
  const kept = now.view === "queue" ? now : { tab: "waiting", q: "" };
  const filters = query({ tab: tab ?? kept.tab, q: q ?? kept.q });
  return (id ? `/console/c/${encodeURIComponent(id)}` : "/console") + filters;
}

/** The search for learners, or one of them beside what was found. */
export function learnerPlace(id, q = here().q) {
  return `/console/learners${id ? `/${encodeURIComponent(id)}` : ""}${query({ q })}`;
}

export function go(address, replace = false) {
  if (address === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](null, "", address);
  window.dispatchEvent(new Event("lectern:route"));
}

/** Links within the console do not load the page anew. */
export function followLinks() {
  window.addEventListener("popstate", () => window.dispatchEvent(new Event("lectern:route")));
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    if (!/^\/console(\/|$)/.test(link.pathname)) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}
