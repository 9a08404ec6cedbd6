/** What will become of a bot: how it looks in the lobby, and how price and pot go up with its messages. */

import "../components/plot.js"
import { card } from "../components/bot_card.js"
import { Component } from "../lib/component.js"
import { html } from "../lib/html.js"
import { brief, exact, sol } from "../lib/lamports.js"
import { course } from "./economy.js"
import { closingOf, termsOf } from "./form.js"

/** @typedef {import("./form.js").Form} Form */
/** @typedef {import("../../types/api.js").TermsResponse} Terms */
/** @typedef {{ price: import("../components/plot.js").Data, pot: import("../components/plot.js").Data, course: import("./economy.js").Course }} Plotted */

const FEWEST = 40
const MOST = 400

class Preview extends Component {
  /** @type {Form | null} */
  #form = null
  /** @type {Terms | null} */
  #terms = null
  #count = 25
  #key = ""
  /** @type {Plotted | null} null: the terms cannot be read */
  #plotted = null

  /** @param {{ form: Form, terms: Terms | null }} shown */
  set shown({ form, terms }) {
    this.#form = form
    this.#terms = terms
    this.update()
  }

  view() {
    if (this.#form === null) return null
    const plotted = this.#plot(this.#form)
    return html`
      <h2 id="preview">Preview</h2>
      <ul class="preview-card" inert>${card(asBot(this.#form))}</ul>
      ${
        plotted === null
          ? html`<div class="card preview-none"><p class="soft">${this.#terms === null ? "The prices are shown here once the arena has told its terms." : "The prices are shown here once pot, first price, growth and cap are amounts that fit together."}</p></div>`
          : this.#figures(plotted)
      }`
  }

  /** @param {Plotted} plotted */
  #figures({ price, pot, course: { prices, pots, creators } }) {
    const most = prices.length - 1
    const count = Math.min(this.#count, most)
    return html`<div class="card stack">
      <arena-plot .data=${price}></arena-plot>
      <arena-plot .data=${pot}></arena-plot>
      <div class="field">
        <label for="after-messages">After ${count} message${count === 1 ? "" : "s"}</label>
        <input id="after-messages" type="range" min="0" max="${most}" .value=${String(count)} aria-valuetext="${count} messages: pot ${exact(pots[count] ?? 0)} SOL" @input=${(/** @type {Event} */ event) => this.#choose(event)}>
      </div>
      <dl class="facts">
        <dt>The pot would be</dt><dd class="gold">${sol(pots[count] ?? 0)}</dd>
        <dt>The next message would cost</dt><dd>${sol(prices[count] ?? 0)}</dd>
        <dt>You would have earned</dt><dd>${sol(creators[count] ?? 0)}</dd>
      </dl>
    </div>`
  }

  /** @param {Event} event */
  #choose(event) {
    this.#count = Number(/** @type {HTMLInputElement} */ (event.target).value)
    this.update()
  }

  /** @param {Form} form */
  #plot(form) {
    const { initialPot, base, growthBps, cap } = termsOf(form)
    const terms = this.#terms
    const key = JSON.stringify([initialPot, base, growthBps, cap, terms])
    if (key === this.#key) return this.#plotted
    this.#key = key
    this.#plotted = null
    if (terms === null || initialPot === null || base === null || growthBps === null || cap === null || base === 0 || cap < base) return null
    const split = { potBps: terms.pot_bps, creatorBps: terms.creator_bps }
    const all = course({ base, growthBps, cap }, split, initialPot, MOST)
    // up to the highest price, and some way beyond
    const highest = all.prices.findIndex((price, index) => price === all.prices[index + 1])
    const length = Math.min(MOST, Math.max(FEWEST, Math.ceil((highest < 0 ? MOST : highest) * 1.25))) + 1
    const [prices, pots, creators] = [all.prices, all.pots, all.creators].map((amounts) => amounts.slice(0, length))
    const common = { xs: (prices ?? []).map((_price, index) => index), showX: after, showY: (/** @type {number} */ amount) => `${brief(Math.round(amount))} SOL` }
    this.#plotted = {
      course: { prices: prices ?? [], pots: pots ?? [], creators: creators ?? [] },
      price: { ...common, label: "Price of the next message", series: [{ name: "Price", values: prices ?? [], shape: "area" }] },
      pot: { ...common, label: "Pot", unit: "messages", series: [{ name: "Pot", values: pots ?? [], shape: "area" }] },
    }
    return this.#plotted
  }
}

/** @param {number} messages */
const after = (messages) => `after ${messages} message${messages === 1 ? "" : "s"}`

/**
 * The bot as a list would have it on its first day.
 *
 * @param {Form} form
 * @returns {import("../components/bot_card.js").Bot}
 */
function asBot(form) {
  const { initialPot, base } = termsOf(form)
  const closes = closingOf(form, Date.now()) ?? new Date()
  return {
    id: form.values.name?.trim() || "a bot",
    name: form.values.name?.trim() || "Your bot's name",
    kind: form.kind,
    status: "open",
    address: "",
    creator: "",
    creator_name: null,
    pot: initialPot ?? 0,
    initial_pot: initialPot ?? 0,
    next_price: base ?? 0,
    message_count: 0,
    // the same as long as nothing is changed, but for seconds
    closes_at: new Date(Math.ceil(closes.getTime() / 1000) * 1000).toISOString(),
    opened_at: null,
    ended_at: null,
    demo: false,
    winner: null,
    reward: null,
  }
}

customElements.define("arena-preview", Preview)
