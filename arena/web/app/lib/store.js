/** A value that others are told of when it changes. */

/** @template T */
export class Store {
  /** @type {Set<() => void>} */
  #heard = new Set()
  /** @type {T} */
  #value

  /** @param {T} value */
  constructor(value) {
    this.#value = value
  }

  get value() {
    return this.#value
  }

  set value(value) {
    if (value === this.#value) return
    this.#value = value
    this.changed()
  }

  /** Tell everybody, for a value that has changed in itself. */
  changed() {
    for (const heard of [...this.#heard]) heard()
  }

  /**
   * @param {() => void} heard
   * @param {AbortSignal} signal until when
   */
  subscribe(heard, signal) {
    if (signal.aborted) return
    this.#heard.add(heard)
    signal.addEventListener("abort", () => this.#heard.delete(heard), { once: true })
  }
}
