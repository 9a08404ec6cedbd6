/** How long it is until a time, counting down. */

import { clock, duration } from "../lib/time.js"

/** @type {Set<TimeLeft>} */
const shown = new Set()

class TimeLeft extends HTMLElement {
  #until = 0
  #text = ""

  /** @param {string} time */
  set until(time) {
    this.#until = Date.parse(time)
    this.tick()
  }

  connectedCallback() {
    shown.add(this)
    this.tick()
  }

  disconnectedCallback() {
    shown.delete(this)
  }

  tick() {
    const seconds = (this.#until - Date.now()) / 1000
    const text = seconds > 0 ? clock(seconds) : "ended"
    if (text === this.#text) return
    this.#text = text
    this.textContent = text
    this.title = seconds > 0 ? `${duration(seconds)} left` : "its time has ended"
  }
}

setInterval(() => {
  for (const element of shown) element.tick()
}, 1000)

customElements.define("arena-time-left", TimeLeft)
