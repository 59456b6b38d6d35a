/** The learner API, one method a route. Every failure is an ApiError. */

const TIMEOUT_MS = 25000;

export class ApiError extends Error {
  /** @param {number} status 0 when no answer came at all */
  constructor(status, body = {}, retryAfter = null) {
    super(body.message || "");
    this.status = status;
    this.code = body.code || "";
    this.field = body.field || null;
    this.retryAfter = retryAfter;
  }

  /** No answer, or one that says "later": the same request may go through. */
  get passing() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }

  /** The conversation is not there for us (any more). */
  get gone() {
    return this.status === 401 || this.status === 403 || this.status === 404;
  }
}

export class Api {
  /** @param {string} origin where the desk is, e.g. https://help.example */
  constructor(origin) {
    this.origin = origin;
  }

  create(body, signal) {
    return this.#request("POST", "/conversations", { body, signal });
  }

  about(conv, signal) {
    return this.#request("GET", this.#path(conv), { conv, signal });
  }

  history(conv, after, signal) {
    return this.#request("GET", `${this.#path(conv)}/messages?after=${after}`, { conv, signal });
  }

  send(conv, body, signal) {
    return this.#request("POST", `${this.#path(conv)}/messages`, { conv, body, signal });
  }

  identify(conv, identity, signal) {
    return this.#request("POST", `${this.#path(conv)}/identity`, { conv, body: { identity }, signal });
  }

  reauthenticate(conv, body, signal) {
    return this.#request("POST", `${this.#path(conv)}/reauthenticate`, { conv, body, signal });
  }

  rate(conv, body, signal) {
    return this.#request("POST", `${this.#path(conv)}/rating`, { conv, body, signal });
  }

  feedback(conv, message, helpful, signal) {
    const path = `${this.#path(conv)}/messages/${encodeURIComponent(message)}/feedback`;
    return this.#request("POST", path, { conv, body: { helpful }, signal });
  }

  streamUrl(conv, after) {
    return `${this.origin.replace(/^http/, "ws")}/api/v1${this.#path(conv)}/stream?after=${after}`;
  }

  #path(conv) {
    return `/conversations/${encodeURIComponent(conv.id)}`;
  }

  async #request(method, path, { conv, body, signal } = {}) {
    const headers = { Accept: "application/json" };
    if (conv) headers.Authorization = `Bearer ${conv.token}`;
    if (body) headers["Content-Type"] = "application/json";
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), TIMEOUT_MS);
    const stop = () => limit.abort();
    signal?.addEventListener("abort", stop);
    try {
      const answer = await fetch(`${this.origin}/api/v1${path}`, {
        method,
        headers,
        body: body && JSON.stringify(body),
        credentials: "omit",
        cache: "no-store",
        signal: limit.signal,
      });
      const text = await answer.text();
      const data = parse(text);
      if (answer.ok && data !== undefined) return data;
      throw new ApiError(answer.ok ? 502 : answer.status, data?.error, Number(answer.headers.get("Retry-After")) || null);
    } catch (error) {
      throw error instanceof ApiError ? error : new ApiError(0);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    }
  }
}

/** JSON; nothing at all is an empty answer, anything else that is no JSON is undefined. */
function parse(text) {
  if (!text) return {};
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
