/**
 * What is asked for again and again while somebody looks.
 *
 * The last answer stays until there is a newer one, however long that takes: `error` then says why it is old, and
 * `at` since when. One request at a time; none while the page is in the background.
 */

import { Failure } from "./api.js"
import { Store } from "./store.js"

/** @template T */
export class Poll {
  /** @type {T | null} null: there was no answer yet */
  value = null
  /** When that was the answer, in milliseconds since 1970. */
  at = 0
  /** Why the last request had no answer; null: it had one. @type {unknown} */
  error = null

  #changes = new Store(0)
  #ask
  #every
  #signal
  #turn = 0
  /** @type {AbortController | null} of the request that is under way */
  #asking = null
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer

  /**
   * @param {(signal: AbortSignal, before: T | null) => Promise<T>} ask
   * @param {{ every: number, signal: AbortSignal }} options milliseconds between an answer and the next request, and
   *   until when
   */
  constructor(ask, { every, signal }) {
    this.#ask = ask
    this.#every = every
    this.#signal = signal
    signal.addEventListener("abort", () => {
      clearTimeout(this.#timer)
      this.#asking?.abort()
    })
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && !this.#asking && this.now(), { signal })
    addEventListener("online", () => this.now(), { signal })
    this.now()
  }

  /**
   * @param {() => void} heard
   * @param {AbortSignal} signal
   */
  subscribe(heard, signal) {
    this.#changes.subscribe(heard, signal)
  }

  /** Ask at once, such as after what is asked for has changed: a request that is under way is given up. */
  now() {
    clearTimeout(this.#timer)
    this.#asking?.abort()
    if (!this.#signal.aborted) void this.#once(++this.#turn)
  }

  /** Forget the answer: another thing is asked for from now on. */
  anew() {
    this.value = null
    this.error = null
    this.#changes.changed()
    this.now()
  }

  /** @param {number} turn */
  async #once(turn) {
    const asking = new AbortController()
    this.#asking = asking
    let wait = this.#every
    try {
      const value = await this.#ask(asking.signal, this.value)
      if (turn !== this.#turn || this.#signal.aborted) return
      this.value = value
      this.at = Date.now()
      this.error = null
    } catch (error) {
      if (turn !== this.#turn || this.#signal.aborted) return
      if (!(error instanceof Failure)) console.error(error)
      if (error instanceof Failure && error.retryAfter !== undefined) wait = Math.max(wait, error.retryAfter * 1000)
      this.error = error
    }
    this.#asking = null
    this.#changes.changed()
    if (document.visibilityState === "visible") this.#timer = setTimeout(() => this.now(), wait)
  }
}
