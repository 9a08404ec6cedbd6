/** An amount that counts up, or down, to what it has become. */

import { brief, spoken } from "../lib/lamports.js"

const DURATION = 700

class Pot extends HTMLElement {
  #shown = 0
  #wanted = -1
  #frame = 0

  /** @param {number} lamports */
  set lamports(lamports) {
    if (lamports === this.#wanted) return
    const first = this.#wanted < 0
    this.#wanted = lamports
    this.title = spoken(lamports)
    if (first || document.hidden || matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.#show(lamports)
      return
    }
    this.classList.toggle("rises", lamports > this.#shown)
    this.#count(this.#shown, performance.now())
  }

  disconnectedCallback() {
    cancelAnimationFrame(this.#frame)
    if (this.#wanted >= 0) this.#show(this.#wanted)
  }

  /**
   * @param {number} from
   * @param {number} began
   */
  #count(from, began) {
    cancelAnimationFrame(this.#frame)
    const step = (/** @type {number} */ now) => {
      const part = Math.min(1, Math.max(0, (now - began) / DURATION))
      const eased = 1 - (1 - part) ** 3
      this.#show(part === 1 ? this.#wanted : Math.round(from + (this.#wanted - from) * eased))
      if (part < 1) this.#frame = requestAnimationFrame(step)
      else this.classList.remove("rises")
    }
    this.#frame = requestAnimationFrame(step)
  }

  /** @param {number} lamports */
  #show(lamports) {
    this.#shown = lamports
    this.textContent = `${brief(lamports)} SOL`
  }
}

customElements.define("arena-pot", Pot)
