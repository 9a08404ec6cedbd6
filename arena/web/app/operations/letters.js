/** The newest messages that nobody handled. */

import { stale } from "../components/trouble.js"
import { get } from "../lib/api.js"
import { Component } from "../lib/component.js"
import { html, keyed } from "../lib/html.js"
import { Poll } from "../lib/poll.js"
import { at } from "../lib/time.js"
import { count } from "./words.js"

/** @typedef {import("../../types/api.js").DeadLetterList} Letters */
/** @typedef {import("../../types/api.js").Undelivered} Reason */

const EVERY = 10_000
const PAGE = 20
const MOST = 1_000
const REASONS = /** @type {const} */ ({
  crashed: "its actor crashed at it",
  stopped: "its actor was stopped",
  overflow: "the mailbox was full",
  refused: "its actor was not up",
})

class DeadLetters extends Component {
  /** @type {Poll<Letters>} */
  #letters = /** @type {any} */ (null)
  #limit = PAGE
  /** @type {Reason | null} */
  #reason = null

  connected() {
    this.#letters = new Poll((signal) => get("/admin/dead-letters", { query: { limit: this.#limit, reason: this.#reason }, signal }), { every: EVERY, signal: this.life })
    this.watch(this.#letters)
  }

  view() {
    const letters = this.#letters.value
    return html`<section class="stack tight" aria-labelledby="letters">
      <div class="apart">
        <h2 id="letters">Dead letters <span class="soft">${letters && count(letters.count)}</span></h2>
        ${stale(this.#letters)}
        <label class="beside"><span class="unseen">Reason</span><select @change=${(/** @type {Event} */ event) => this.#choose(/** @type {HTMLSelectElement} */ (event.target).value)}>
          <option value="">All reasons</option>
          ${Object.entries(REASONS).map(([reason, words]) => html`<option value="${reason}">${words}${letters && ` (${letters.by_reason[reason] ?? 0})`}</option>`)}
        </select></label>
      </div>
      ${letters === null ? html`<div class="rows-place placeholder" aria-busy="true">.</div>` : this.#table(letters)}
    </section>`
  }

  /** @param {Letters} letters */
  #table({ dead_letters: letters }) {
    if (letters.length === 0) return html`<p class="soft">${this.#reason ? "None for this reason." : "None since the start: every message was handled."}</p>`
    return html`<div class="scrolls card flat" tabindex="0" role="region" aria-label="Dead letters">
      <table>
        <thead><tr><th>When</th><th>Actor</th><th>Message</th><th>Why</th></tr></thead>
        <tbody>${letters.map((letter, index) =>
          keyed(
            `${letter.path} ${letter.message} ${index}`,
            html`<tr><td><time datetime="${letter.at}">${at(letter.at)}</time></td><td><a class="mono words" href="/operations?actor=${encodeURIComponent(letter.path)}">${letter.path}</a></td><td class="mono">${letter.message}</td><td>${REASONS[letter.reason]}${letter.error && html`<br><span class="bad small words">${letter.error}</span>`}</td></tr>`,
          ),
        )}</tbody>
      </table>
    </div>
    ${letters.length === this.#limit && this.#limit < MOST && html`<p class="more"><button @click=${() => this.#more()}>Show more</button></p>`}`
  }

  /** @param {string} reason */
  #choose(reason) {
    this.#reason = /** @type {Reason} */ (reason) || null
    this.#limit = PAGE
    this.#letters.anew()
  }

  #more() {
    this.#limit = Math.min(MOST, this.#limit * 3)
    this.#letters.now()
  }
}

customElements.define("arena-dead-letters", DeadLetters)
