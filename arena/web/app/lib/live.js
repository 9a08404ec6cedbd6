/**
 * A websocket that comes back by itself, and goes on after the last frame it had.
 *
 * docs/protocol.md, "Resuming" and "The end of a connection", has the rules.
 */

import { Store } from "./store.js"

/** @typedef {import("../../types/frames.js").ChatServer | import("../../types/frames.js").SpectatorServer | import("../../types/frames.js").LobbyServer} ServerFrame */
/** @typedef {{ state: "connecting" | "live" } | { state: "waiting", until: number } | { state: "ended", code: string }} Connection */

const QUIET = 25_000
const ANSWER_WITHIN = 10_000
const LONGEST_WAIT = 20_000

export class Live {
  /** How it stands; "ended" is for good. @type {Store<Connection>} */
  connection = new Store(/** @type {Connection} */ ({ state: "connecting" }))
  /** The number of the last durable frame; null: there was none. @type {number | null} */
  seq = null

  #path
  #token
  #heard
  #signal
  /** @type {WebSocket | null} */
  #socket = null
  #failures = 0
  #lastHeard = 0
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer
  #refusal = ""
  #tokenRefused = false

  /**
   * @param {string} path
   * @param {object} options
   * @param {(refused: boolean) => Promise<string | null>} [options.token] asked before each connection, and told
   *   whether the last one was refused for its token; null: go without
   * @param {(frame: ServerFrame) => void} options.heard each frame but pings, durable ones once and in order
   * @param {AbortSignal} options.signal until when
   */
  constructor(path, { token = async () => null, heard, signal }) {
    this.#path = path
    this.#token = token
    this.#heard = heard
    this.#signal = signal
    signal.addEventListener("abort", () => this.#stop())
    // coming back to a tab or a network is the moment to try
    addEventListener("online", () => this.#now(), { signal })
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#now(), { signal })
    void this.#connect()
  }

  /**
   * @param {import("../../types/frames.js").ChatClient} frame
   * @returns {boolean} false: there is no connection now; the frame is not sent later
   */
  send(frame) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false
    this.#socket.send(JSON.stringify(frame))
    return true
  }

  /**
   * @param {number} within milliseconds
   * @returns {Promise<boolean>} whether there is a connection, or was one soon
   */
  ready(within) {
    return new Promise((resolve) => {
      const done = new AbortController()
      const look = () => {
        if (this.connection.value.state !== "live") return
        done.abort()
        resolve(true)
      }
      this.connection.subscribe(look, done.signal)
      look()
      setTimeout(() => (done.abort(), resolve(false)), within)
    })
  }

  async #connect() {
    clearTimeout(this.#timer)
    this.connection.value = { state: "connecting" }
    this.#refusal = ""
    const token = await this.#token(this.#tokenRefused).catch(() => null)
    this.#tokenRefused = false
    if (this.#signal.aborted) return
    const url = new URL(this.#path, location.href)
    url.protocol = url.protocol.replace("http", "ws")
    const socket = new WebSocket(url, token === null ? ["arena.v1"] : ["arena.v1", `bearer.${token}`])
    this.#socket = socket
    socket.onmessage = ({ data }) => this.#receive(socket, String(data))
    socket.onclose = ({ code, reason }) => this.#closed(socket, code, reason)
    this.#lastHeard = Date.now()
    this.#watch(socket)
  }

  /**
   * @param {WebSocket} socket
   * @param {string} data
   */
  #receive(socket, data) {
    if (socket !== this.#socket) return
    this.#lastHeard = Date.now()
    const frame = /** @type {ServerFrame} */ (JSON.parse(data))
    switch (frame.type) {
      case "welcome":
        this.#failures = 0
        if ("seq" in frame) {
          this.seq ??= frame.seq
          socket.send(JSON.stringify({ type: "resume", after: this.seq }))
        }
        this.#heard(frame)
        this.connection.value = { state: "live" }
        return
      case "ping":
        socket.send(JSON.stringify({ type: "pong" }))
        return
      case "pong":
        return
      case "error":
        if (frame.code === "seq_unknown") this.seq = null
        this.#refusal = frame.code
        this.#heard(frame)
        return
      default:
        if ("seq" in frame) {
          if (this.seq !== null && frame.seq <= this.seq) return
          this.seq = frame.seq
        }
        this.#heard(frame)
    }
  }

  /**
   * @param {WebSocket} socket
   * @param {number} code
   * @param {string} reason
   */
  #closed(socket, code, reason) {
    if (socket !== this.#socket || this.#signal.aborted) return
    this.#socket = null
    if (code === 4404) {
      this.connection.value = { state: "ended", code: this.#refusal || reason || "not_found" }
      return
    }
    this.#failures++
    this.#tokenRefused = code === 4401
    const slow = code === 1008 ? 10_000 : 0
    const wait = slow + Math.min(LONGEST_WAIT, 250 * 2 ** Math.min(this.#failures, 8)) * (0.5 + Math.random() / 2)
    this.connection.value = { state: "waiting", until: Date.now() + wait }
    this.#timer = setTimeout(() => void this.#connect(), wait)
  }

  /**
   * Ask a silent server whether it is there; give up a connection that does not answer.
   *
   * @param {WebSocket} socket
   */
  #watch(socket) {
    const timer = setInterval(() => {
      const quiet = Date.now() - this.#lastHeard
      if (socket !== this.#socket) clearInterval(timer)
      else if (quiet > QUIET + ANSWER_WITHIN) {
        clearInterval(timer)
        socket.close()
        this.#closed(socket, 1006, "")
      } else if (quiet > QUIET && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: "ping" }))
    }, ANSWER_WITHIN / 2)
    this.#signal.addEventListener("abort", () => clearInterval(timer))
  }

  #now() {
    if (this.connection.value.state === "waiting") void this.#connect()
  }

  #stop() {
    clearTimeout(this.#timer)
    const socket = this.#socket
    this.#socket = null
    socket?.close(1000)
  }
}
