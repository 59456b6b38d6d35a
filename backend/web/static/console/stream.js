/** The staff's live stream: connects, comes back after a break, and says so, so that what was missed is read again. */

const FIRST_DELAY_MS = 800;
const LONGEST_DELAY_MS = 15000;
const PING_MS = 20000;

/** Events: `event` (detail: what the desk told) and `status` (detail: `live`, `down`). */
export class Stream extends EventTarget {
  status = "connecting";
  failures = 0;

  constructor() {
    super();
    window.addEventListener("online", () => this.hurry());
    window.addEventListener("offline", () => this.#lost());
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
  }

  start() {
    this.stopped = false;
    this.#connect();
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.retry);
    clearInterval(this.pinging);
    this.socket?.close();
    this.socket = null;
  }

  /** Does nothing while there is no connection: what it says would be old when there is one again. */
  send(event) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(event));
  }

  /** Try now instead of later. */
  hurry() {
    if (this.stopped !== false || this.socket) return;
    this.failures = 0;
    this.#connect();
  }

  #connect() {
    clearTimeout(this.retry);
    const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/api/v1/staff/stream`);
    this.socket = socket;
    socket.addEventListener("open", () => {
      if (socket !== this.socket) return;
      const again = this.everLive;
      this.everLive = true;
      this.failures = 0;
      this.#tell("live");
      clearInterval(this.pinging);
      this.pinging = setInterval(() => this.send({ type: "ping" }), PING_MS);
      if (again) this.#event({ type: "resync" });
    });
    socket.addEventListener("message", ({ data }) => socket === this.socket && this.#event(JSON.parse(data)));
    socket.addEventListener("close", () => socket === this.socket && this.#lost());
  }

  #lost() {
    if (this.stopped !== false) return;
    clearInterval(this.pinging);
    const { socket } = this;
    this.socket = null;
    socket?.close();
    this.everLive = true;
    const delay = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.failures++);
    this.#tell("down");
    clearTimeout(this.retry);
    // Spread, so that a restarted desk is not met by everybody in the same second.
    this.retry = setTimeout(() => this.#connect(), delay * (0.5 + Math.random() / 2));
  }

  #tell(status) {
    const changed = this.status !== status;
    this.status = status;
    if (changed) this.dispatchEvent(new CustomEvent("status", { detail: status }));
  }

  #event(detail) {
    this.dispatchEvent(new CustomEvent("event", { detail }));
  }
}
