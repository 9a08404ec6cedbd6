/** Elements that show what `view` says, and say it anew when something they watch has changed. */

import { html, render } from "./html.js"

/** @typedef {import("./html.js").Template} Template */
/** @typedef {{ subscribe: (heard: () => void, signal: AbortSignal) => void }} Watchable */

export class Component extends HTMLElement {
  #life = new AbortController()
  #pending = false

  /** Aborted when the element leaves the page. */
  get life() {
    return this.#life.signal
  }

  connectedCallback() {
    this.#life = new AbortController()
    this.connected()
    this.paint()
  }

  disconnectedCallback() {
    this.#life.abort()
  }

  /** What to do when the element comes into a page: watch, load. */
  connected() {}

  /** @returns {unknown} what the element shows */
  view() {
    return html``
  }

  /** What to do when that is in the page. */
  painted() {}

  /** Show what has changed, soon, once for all changes of this moment. */
  update() {
    if (this.#pending) return
    this.#pending = true
    queueMicrotask(() => {
      this.#pending = false
      if (this.isConnected) this.paint()
    })
  }

  /** Show what has changed, now. */
  paint() {
    render(this.view(), this)
    this.painted()
  }

  /** @param {...Watchable} sources */
  watch(...sources) {
    for (const source of sources) source.subscribe(() => this.update(), this.life)
  }
}
