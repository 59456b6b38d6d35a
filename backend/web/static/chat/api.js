/** The learner API as the widget uses it. Every failure is an ApiError. */

const TIMEOUT_MS = 25000;

export class ApiError extends Error {
  /** @param {number} status 0 when no answer came at all */
  constructor(status, body) {
    super(body?.message ?? "");
    this.status = status;
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

  /** A new conversation. */
  create(body, signal) {
    return this.#request("POST", "", null, body, signal);
  }

  /** @param {{id: string, token: string}} conv @param {string} tail what stands after the conversation's address */
  get(conv, tail, signal) {
    return this.#request("GET", `/${conv.id}${tail}`, conv.token, null, signal);
  }

  post(conv, tail, body, signal) {
    return this.#request("POST", `/${conv.id}${tail}`, conv.token, body, signal);
  }

  streamUrl(conv, after) {
    return `${this.origin.replace(/^http/, "ws")}/api/v1/conversations/${conv.id}/stream?after=${after}`;
  }

  async #request(method, path, token, body, signal) {
    const headers = { Accept: "application/json" };
    if (token) headers.Authorization = `Bearer ${token}`;
    if (body) headers["Content-Type"] = "application/json";
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), TIMEOUT_MS);
    const stop = () => limit.abort();
    signal?.addEventListener("abort", stop);
    try {
      const answer = await fetch(`${this.origin}/api/v1/conversations${path}`, {
        method,
        headers,
        body: body && JSON.stringify(body),
        credentials: "omit",
        cache: "no-store",
        signal: limit.signal,
      });
      const data = await answer.json().catch(() => null);
      if (answer.ok && data) return data;
      throw new ApiError(answer.ok ? 502 : answer.status, data?.error);
    } catch (error) {
      throw error instanceof ApiError ? error : new ApiError(0);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    }
  }
}
