/** Bots that stand still because the chain says something that the database does not know. */

import "./operating.js"
import { sigil } from "../components/sigil.js"
import { stale, trouble } from "../components/trouble.js"
import { shortAddress } from "../components/wallet_menu.js"
import { get } from "../lib/api.js"
import { Component } from "../lib/component.js"
import { html, keyed } from "../lib/html.js"
import { sol } from "../lib/lamports.js"
import { Poll } from "../lib/poll.js"
import { operated } from "./operating.js"

/** @typedef {import("../../types/api.js").BotList} BotList */
/** @typedef {import("../../types/api.js").BotSummary} BotSummary */
/** @typedef {import("../../types/api.js").HaltResponse} Halt */
/** @typedef {import("../components/asking.js").Asking<import("./operating.js").Resumption>} Dialog */

const EVERY = 10_000
const MOST = 100

class HaltedBots extends Component {
  /** @type {Poll<BotList>} */
  #bots = /** @type {any} */ (null)

  connected() {
    this.#bots = new Poll((signal) => get("/api/v1/bots", { query: { status: "halted", limit: MOST }, signal }), { every: EVERY, signal: this.life })
    this.watch(this.#bots)
    operated.subscribe(() => this.#bots.now(), this.life)
  }

  view() {
    const list = this.#bots.value
    return html`<section class="stack tight" aria-labelledby="halts">
      <div class="apart"><h2 id="halts">Halted bots <span class="soft">${list && (list.next_cursor ? `more than ${MOST}` : list.bots.length)}</span></h2>${stale(this.#bots)}</div>
      ${list === null ? html`<div class="rows-place placeholder" aria-busy="true">.</div>` : bots(list.bots)}
    </section>`
  }
}

/** @param {readonly BotSummary[]} halted */
const bots = (halted) =>
  halted.length === 0
    ? html`<p class="soft">None. A bot halts when the chain has a payment or a payout that the database does not know.</p>`
    : html`<ul class="bot-rows card">${halted.map((bot) =>
        keyed(
          bot.id,
          html`<li class="bot-row">
            ${sigil(bot.id, "small")}
            <div class="bot-row-name"><a class="strong words" href="/bots/${bot.id}">${bot.name}</a> <span class="tag halted">halted</span><br><span class="soft small">pot ${sol(bot.pot)}, ${bot.message_count} messages</span></div>
            <arena-halt class="halt" bot="${bot.id}"></arena-halt>
          </li>`,
        ),
      )}</ul>`

class HaltDetails extends Component {
  /** @type {Halt | null} */
  #halt = null
  /** @type {unknown} */
  #error = null
  #loading = false

  view() {
    const halt = this.#halt
    return html`<div class="stack tight">
      ${halt === null && html`<p><button aria-disabled=${this.#loading ? "true" : null} @click=${() => this.#load()}>${this.#loading ? "Reading the chain …" : "See what happened"}</button></p>`}
      ${trouble(this.#error, () => this.#load())}
      ${halt && this.#details(halt)}
      <arena-resuming></arena-resuming>
    </div>`
  }

  /** @param {Halt} halt */
  #details(halt) {
    const last = halt.events.at(-1)
    return html`<p class="small">It has taken in the chain's events up to number ${halt.event_seq}. ${last === undefined ? "Nothing after that is final yet: look again in a moment." : "The first of these halted it:"}</p>
      ${last && html`<div class="scrolls" tabindex="0" role="region" aria-label="Events that were not taken in"><table>
        <thead><tr><th class="number">Event</th><th>Kind</th><th class="number">Message</th><th>Wallet</th><th class="number">Amount</th><th>Transaction</th></tr></thead>
        <tbody>${halt.events.map((event) => html`<tr><td class="number">${event.event_seq}</td><td>${event.kind}</td><td class="number">${event.message_index ?? "–"}</td><td>${event.wallet ? html`<code title="${event.wallet}">${shortAddress(event.wallet)}</code>` : "–"}</td><td class="number">${event.amount === null ? "–" : sol(event.amount)}</td><td><code title="${event.signature}">${event.signature.slice(0, 12)}…</code></td></tr>`)}</tbody>
      </table></div>`}
      <div class="row">
        ${last && html`<button class="primary" @click=${() => this.#ask(halt, last.event_seq)}>Let it go on …</button>`}
        <button aria-disabled=${this.#loading ? "true" : null} @click=${() => this.#load()}>Look again</button>
      </div>`
  }

  async #load() {
    if (this.#loading) return
    this.#loading = true
    this.#error = null
    this.update()
    try {
      this.#halt = await get("/admin/bots/{bot_id}/halt", { path: { bot_id: this.getAttribute("bot") ?? "" }, signal: this.life })
    } catch (error) {
      if (!this.life.aborted) this.#error = error
    }
    this.#loading = false
    this.update()
  }

  /**
   * @param {Halt} halt
   * @param {number} upTo
   */
  #ask({ bot_id: id, name, events }, upTo) {
    /** @type {Dialog | null} */ (this.querySelector("arena-resuming"))?.ask({ id, name, upTo, unknown: events.length })
  }
}

customElements.define("arena-halt", HaltDetails)
customElements.define("arena-halted-bots", HaltedBots)
