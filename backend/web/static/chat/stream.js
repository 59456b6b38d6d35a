const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30000;
const POLL_MS = 4000;
const TRIES_BEFORE_POLLING = 3;

/**
 * What arrives without being asked for. A WebSocket that comes back by itself and asks from the last seq; where sockets
 * do not get through, plain requests every few seconds.
 */
export class Stream {
  /**
   * @param {object} options
   * @param {() => string} options.url address with the last seq in it
   * @param {string} options.token
   * @param {(event: object) => void} options.onEvent
   * @param {(status: "live"|"polling"|"down") => void} options.onStatus
   * @param {() => Promise<void>} options.poll one plain request; rejects when it fails
   */
  constructor(options) {
    this.options = options;
    this.failures = 0;
    this.stopped = false;
    this.wake = () => this.#hurry();
    this.cut = () => this.socket?.close();
    addEventListener("online", this.wake);
    addEventListener("offline", this.cut);
    document.addEventListener("visibilitychange", this.wake);
    this.#connect();
  }

  /** Small signals (typing, read) that may be lost. */
  send(event) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(event));
  }

  stop() {
    this.stopped = true;
    removeEventListener("online", this.wake);
    removeEventListener("offline", this.cut);
    document.removeEventListener("visibilitychange", this.wake);
    clearTimeout(this.retry);
    this.polling = false;
    this.socket?.close();
  }

  #connect() {
    clearTimeout(this.retry);
    const { url, token, onEvent, onStatus } = this.options;
    let socket;
    try {
      // The token is a subprotocol: an address ends up in logs, this header does not.
      socket = new WebSocket(url(), ["lectern.v1", `bearer.${token}`]);
    } catch {
      return this.#failed();
    }
    this.socket = socket;
    socket.onopen = () => {
      this.failures = 0;
      this.polling = false;
      onStatus("live");
    };
    socket.onmessage = ({ data }) => {
      if (!this.stopped) onEvent(JSON.parse(data));
    };
    socket.onclose = () => this.socket === socket && this.#failed();
  }

  #failed() {
    if (this.stopped) return;
    this.socket = null;
    this.failures += 1;
    if (!this.polling) this.options.onStatus("down");
    if (this.failures >= TRIES_BEFORE_POLLING && !this.polling) this.#poll();
    const delay = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.failures);
    clearTimeout(this.retry);
    // Spread, so that a restarted server is not met by everybody in the same second.
    this.retry = setTimeout(() => this.#connect(), delay * (0.5 + Math.random() / 2));
  }

  async #poll() {
    const { poll, onStatus } = this.options;
    this.polling = true;
    while (this.polling) {
      const status = await poll().then(() => "polling", () => "down");
      if (this.polling) onStatus(status);
      await new Promise((done) => setTimeout(done, POLL_MS));
    }
  }

  #hurry() {
    if (document.hidden || this.stopped || this.socket) return;
    this.failures = Math.min(this.failures, TRIES_BEFORE_POLLING);
    this.#connect();
  }
}
