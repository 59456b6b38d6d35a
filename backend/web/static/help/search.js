/** Suggestions while typing: the ARIA combobox with a list. Without JavaScript the form simply goes to the results page. */

const WAIT_MS = 140;
const MOST = 6;
const LEAST_CHARACTERS = 2;

/** @param {HTMLFormElement} form with an input, a listbox and a status line */
export function suggest(form) {
  const input = form.querySelector("input");
  const list = form.querySelector("[role=listbox]");
  const status = form.querySelector("[data-search-status]");
  const known = new Map();
  let shown = "";
  let active = -1;
  let timer;
  let request;

  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-controls": list.id, "aria-expanded": "false" })) {
    input.setAttribute(name, value);
  }

  const options = () => [...list.children];

  function close() {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    mark(-1);
  }

  function mark(index) {
    active = index;
    options().forEach((option, at) => option.setAttribute("aria-selected", String(at === index)));
    const option = options()[index];
    if (option) input.setAttribute("aria-activedescendant", option.id);
    else input.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  }

  function show(results) {
    list.replaceChildren(...results.map(option));
    const any = results.length > 0;
    list.hidden = !any;
    input.setAttribute("aria-expanded", String(any));
    mark(-1);
    status.textContent = any ? `${results.length} ${results.length === 1 ? "suggestion" : "suggestions"}, use the arrow keys` : "No suggestions";
  }

  function option({ title, article_title, url }, index) {
    const item = document.createElement("li");
    item.id = `${list.id}-${index}`;
    item.setAttribute("role", "option");
    item.dataset.url = url;
    const name = document.createElement("strong");
    const where = document.createElement("span");
    name.textContent = title;
    where.textContent = article_title ?? "";
    item.append(name, where);
    return item;
  }

  async function ask() {
    const query = input.value.trim();
    shown = query;
    request?.abort();
    if (query.length < LEAST_CHARACTERS) return close();
    if (!known.has(query)) {
      request = new AbortController();
      const answer = await load(query, request.signal);
      if (!answer) return undefined;
      known.set(query, answer);
    }
    // The reader may have gone on typing, or away, while the answer was on its way.
    if (shown === query && input.value.trim() === query && document.activeElement === input) show(known.get(query));
    return undefined;
  }

  function follow(item) {
    const { url } = item.dataset;
    close();
    location.assign(url);
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT_MS);
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const count = options().length;
    if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
    } else if (event.key === "Enter" && active >= 0 && !list.hidden) {
      event.preventDefault();
      follow(options()[active]);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) ask();
      // One place more than there are options: the input itself, with nothing chosen.
      else mark(((active + 1 + (event.key === "ArrowDown" ? 1 : count)) % (count + 1)) - 1);
    }
  });
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", ({ target }) => {
    const item = target.closest("[role=option]");
    if (item) follow(item);
  });
  list.addEventListener("mousemove", ({ target }) => {
    const index = options().indexOf(target.closest("[role=option]"));
    if (index >= 0 && index !== active) mark(index);
  });
  input.addEventListener("blur", close);
}

/** The best results, or null when there is no answer: then there are just no suggestions. */
async function load(query, signal) {
  try {
    const answer = await fetch(`/api/v1/search?q=${encodeURIComponent(query)}`, { signal, headers: { Accept: "application/json" } });
    if (!answer.ok) return null;
    const { results } = await answer.json();
    return results.filter(({ url }) => url?.startsWith("/")).slice(0, MOST);
  } catch {
    return null;
  }
}
