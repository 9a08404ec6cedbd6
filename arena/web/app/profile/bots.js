/** The bots of one creator that everybody may see: those that are open, and those that were. */

import { more, trouble } from "../components/trouble.js"
import { get } from "../lib/api.js"
import { Component } from "../lib/component.js"
import { html, keyed } from "../lib/html.js"
import { Pages } from "../lib/pages.js"
import { botRow } from "./rows.js"

/** @typedef {import("../../types/api.js").BotSummary} BotSummary */

const PAGE = 20

class BotsOf extends Component {
  /** @type {Pages<BotSummary>} */
  #open = /** @type {any} */ (null)
  /** @type {Pages<BotSummary>} */
  #all = /** @type {any} */ (null)

  connected() {
    const creator = this.getAttribute("creator") ?? ""
    const reading = (/** @type {"open" | null} */ status) =>
      new Pages(
        async (cursor, signal) => {
          const { bots, next_cursor: next } = await get("/api/v1/bots", { query: { creator, status, cursor, limit: PAGE }, signal })
          return { items: bots, next }
        },
        ({ id }) => id,
        this.life,
      )
    this.#open = reading("open")
    this.#all = reading(null)
    this.watch(this.#open, this.#all)
  }

  view() {
    const over = this.#all.items?.filter(({ status }) => status !== "open") ?? null
    return html`<div class="stack wide">
      <section class="stack" aria-labelledby="bots-open"><h2 id="bots-open">Open bots</h2>${list(this.#open.items, this.#open, "None is open right now.")}</section>
      <section class="stack" aria-labelledby="bots-over"><h2 id="bots-over">Past bots</h2>${list(over, this.#all, "None so far.")}</section>
    </div>`
  }
}

/**
 * @param {readonly BotSummary[] | null} bots
 * @param {Pages<BotSummary>} pages
 * @param {string} none
 */
function list(bots, pages, none) {
  if (bots === null) return pages.error === null ? html`<div class="rows-place placeholder" aria-busy="true">.</div>` : trouble(pages.error, () => pages.load())
  return html`
    ${bots.length > 0 && html`<ul class="bot-rows card">${bots.map((bot) => keyed(bot.id, botRow(bot)))}</ul>`}
    ${bots.length === 0 && !pages.hasMore && html`<p class="soft">${none}</p>`} ${more(pages)}`
}

customElements.define("arena-bots-of", BotsOf)
