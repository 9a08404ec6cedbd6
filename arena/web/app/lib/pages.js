/** A list that is read page by page. What was read stays when the next page does not come. */

import { Store } from "./store.js"

/** @template T */
export class Pages {
  /** @type {readonly T[] | null} null: there was no answer yet */
  items = null
  /** Why the last page did not come; null: it did. @type {unknown} */
  error = null
  loading = false

  #changes = new Store(0)
  #read
  #key
  #signal
  #turn = 0
  /** @type {string | null} */
  #cursor = null

  /**
   * @param {(cursor: string | null, signal: AbortSignal) => Promise<{ items: readonly T[], next: string | null }>} read
   * @param {(item: T) => string} key what an item is known by: one that moves to a later page while the list is read
   *   is there once
   * @param {AbortSignal} signal until when
   */
  constructor(read, key, signal) {
    this.#read = read
    this.#key = key
    this.#signal = signal
    void this.load()
  }

  /**
   * @param {() => void} heard
   * @param {AbortSignal} signal
   */
  subscribe(heard, signal) {
    this.#changes.subscribe(heard, signal)
  }

  get hasMore() {
    return this.#cursor !== null
  }

  /** Read the list from its beginning. */
  load() {
    return this.#page(null)
  }

  /** Read the next page; nothing if one is on its way. */
  async more() {
    if (!this.loading && this.#cursor !== null) await this.#page(this.#cursor)
  }

  /** @param {string | null} cursor */
  async #page(cursor) {
    const turn = ++this.#turn
    this.loading = true
    this.#changes.changed()
    try {
      const { items, next } = await this.#read(cursor, this.#signal)
      if (turn !== this.#turn) return
      const before = cursor === null ? [] : this.items ?? []
      const known = new Set(before.map(this.#key))
      this.items = [...before, ...items.filter((item) => !known.has(this.#key(item)))]
      this.#cursor = next
      this.error = null
    } catch (error) {
      if (turn !== this.#turn || this.#signal.aborted) return
      this.error = error
    }
    this.loading = false
    this.#changes.changed()
  }
}
