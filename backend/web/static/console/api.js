/** The staff API as the console uses it. Every failure is an ApiError with a sentence for a person. */

const ROOT = "/api/v1/staff";
const TIMEOUT_MS = 20000;
const UNREACHABLE = "The desk can't be reached. Check the connection and try again.";

export class ApiError extends Error {
  /** @param {number} status 0 when no answer came at all */
  constructor(status, { code = "", message = UNREACHABLE, field } = {}) {
    super(message);
    Object.assign(this, { status, code, field });
  }

  /** No answer, or one that says "later": the same request may go through. */
  get passing() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** Sends `signed-out` when the session is over. */
export class Api extends EventTarget {
  csrf = "";

  get(path) {
    return this.#ask("GET", path);
  }

  post(path, body = {}) {
    return this.#ask("POST", path, body);
  }

  put(path, body) {
    return this.#ask("PUT", path, body);
  }

  patch(path, body) {
    return this.#ask("PATCH", path, body);
  }

  delete(path, body) {
    return this.#ask("DELETE", path, body);
  }

  /** Something about one conversation. */
  of(id, what = "") {
    return `/conversations/${encodeURIComponent(id)}${what && `/${what}`}`;
  }

  async #ask(method, path, body) {
    const headers = { Accept: "application/json" };
    if (method !== "GET") headers["X-CSRF-Token"] = this.csrf;
    if (body) headers["Content-Type"] = "application/json";
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), TIMEOUT_MS);
    let answer;
    let data;
    try {
      answer = await fetch(ROOT + path, { method, headers, body: body && JSON.stringify(body), signal: limit.signal });
      data = await answer.json();
    } catch {
      if (!answer || answer.ok) throw new ApiError(0);
    } finally {
      clearTimeout(timer);
    }
    if (answer.ok) return data;
    const error = new ApiError(answer.status, data?.error);
    if (error.code === "not_signed_in") this.dispatchEvent(new Event("signed-out"));
    throw error;
  }
}

/** `?a=b` of what is given; empty values are left out. */
export function query(values) {
  const given = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `?${new URLSearchParams(given)}` : "";
}
