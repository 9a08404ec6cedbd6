/** Who did what to what. */

import { shortAddress } from "../components/wallet_menu.js"
import { stale } from "../components/trouble.js"
import { get } from "../lib/api.js"
import { Component } from "../lib/component.js"
import { html, keyed } from "../lib/html.js"
import { Poll } from "../lib/poll.js"
import { address } from "../lib/router.js"
import { at } from "../lib/time.js"
import { operated } from "./operating.js"
import { change, given } from "./query.js"
import { told } from "./words.js"

/** @typedef {import("../../types/api.js").AuditList} Audit */
/** @typedef {import("../../types/api.js").AuditEntryResponse} Entry */

const EVERY = 15_000
const PAGE = 20
const MOST = 1_000

class AuditLog extends Component {
  /** @type {Poll<Audit>} */
  #audit = /** @type {any} */ (null)
  #limit = PAGE
  #subject = ""

  connected() {
    this.#subject = given("subject")
    this.#audit = new Poll((signal) => get("/admin/audit", { query: { limit: this.#limit, subject: this.#subject || null }, signal }), { every: EVERY, signal: this.life })
    this.watch(this.#audit)
    operated.subscribe(() => this.#audit.now(), this.life)
    address.subscribe(() => this.#follow(), this.life)
  }

  #follow() {
    const subject = given("subject")
    if (subject === this.#subject) return
    this.#subject = subject
    this.#limit = PAGE
    this.#audit.anew()
  }

  view() {
    const audit = this.#audit.value
    return html`<section class="stack tight" aria-labelledby="audit">
      <div class="apart">
        <h2 id="audit">Audit log</h2>
        ${stale(this.#audit)}
        ${this.#subject && html`<span class="row"><span>of <code class="words">${this.#subject}</code></span><button @click=${() => change({ subject: "" })}>Show all</button></span>`}
      </div>
      ${audit === null ? html`<div class="rows-place placeholder" aria-busy="true">.</div>` : this.#list(audit)}
    </section>`
  }

  /** @param {Audit} audit */
  #list({ entries, next_cursor: next }) {
    if (entries.length === 0) return html`<p class="soft">${this.#subject ? "Nothing was done to it." : "Nothing was done yet."}</p>`
    return html`<ul class="bot-rows card">${entries.map((entry) => keyed(entry.id, row(entry)))}</ul>
      ${next !== null && this.#limit < MOST && html`<p class="more"><button @click=${() => this.#more()}>Show more</button></p>`}`
  }

  #more() {
    this.#limit = Math.min(MOST, this.#limit * 3)
    this.#audit.now()
  }
}

/** @param {Entry} entry */
function row({ actor, action, subject, detail, created_at: time }) {
  const { reason, ...rest } = detail
  return html`<li class="entry">
    <p><span class="strong">${action}</span> <code class="words">${subject}</code></p>
    <p class="soft small"><time datetime="${time}">${at(time)}</time> by <code title="${actor}">${actor.length > 30 ? shortAddress(actor) : actor}</code>${typeof reason === "string" && reason !== "" && html`: <span class="words">${reason}</span>`}</p>
    ${Object.keys(rest).length > 0 && html`<details class="small"><summary>Details</summary><pre tabindex="0">${told(rest)}</pre></details>`}
  </li>`
}

customElements.define("arena-audit", AuditLog)
