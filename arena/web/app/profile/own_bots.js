/** One's own bots, drafts too, with what one may do to them. */

import "./closing.js"
import "./credentials.js"
import "./describing.js"
import { more, trouble } from "../components/trouble.js"
import { get } from "../lib/api.js"
import { Component } from "../lib/component.js"
import { html, keyed } from "../lib/html.js"
import { sol } from "../lib/lamports.js"
import { Pages } from "../lib/pages.js"
import { closable } from "./closing.js"
import { hasCredentials } from "./credentials.js"
import { botRow, fact } from "./rows.js"

/** @typedef {import("../../types/api.js").BotSummary} BotSummary */
/** @typedef {import("../../types/api.js").OwnBot} OwnBot */
/** @typedef {import("../components/asking.js").Asking<BotSummary>} Dialog */

const PAGE = 20
/** Milliseconds after which a list is read again in which a bot is on its way to another state. */
const AGAIN = 5_000
const ON_THEIR_WAY = new Set(["opening", "solved", "expired", "closing"])

class OwnBots extends Component {
  /** @type {Pages<OwnBot>} */
  #bots = /** @type {any} */ (null)

  connected() {
    this.#bots = new Pages(
      async (cursor, signal) => {
        const { bots, next_cursor: next } = await get("/api/v1/users/me/bots", { query: { cursor, limit: PAGE }, signal })
        return { items: bots, next }
      },
      ({ id }) => id,
      this.life,
    )
    this.watch(this.#bots)
    const timer = setInterval(() => this.#follow(), AGAIN)
    this.life.addEventListener("abort", () => clearInterval(timer))
  }

  /** Read the list again while something happens to its bots, unless that would take away further pages. */
  #follow() {
    const { items, loading } = this.#bots
    if (loading || document.visibilityState !== "visible" || items === null || items.length > PAGE) return
    if (items.some(({ status }) => ON_THEIR_WAY.has(status))) void this.#bots.load()
  }

  view() {
    return html`<section class="stack" aria-labelledby="own-bots">
      <div class="apart"><h2 id="own-bots">My bots</h2><a class="button" href="/open">Open a bot</a></div>
      ${this.#list()}
      <arena-describing></arena-describing>
      <arena-closing .done=${() => this.#bots.load()}></arena-closing>
      <arena-credentials></arena-credentials>
    </section>`
  }

  #list() {
    const { items, error } = this.#bots
    if (items === null) return error === null ? html`<div class="rows-place placeholder" aria-busy="true">.</div>` : trouble(error, () => this.#bots.load())
    if (items.length === 0) return html`<p class="soft">You have opened none yet. A bot of your own earns you a share of every message.</p>`
    return html`<ul class="bot-rows card">${items.map((bot) => keyed(bot.id, this.#row(bot)))}</ul>${more(this.#bots)}`
  }

  /** @param {OwnBot} bot */
  #row(bot) {
    if (bot.status === "draft") {
      const to = `/open?draft=${bot.id}`
      return botRow(bot, { to, actions: html`<a class="button primary" href="${to}" aria-label="Continue opening ${bot.name}">Continue opening</a>` })
    }
    return botRow(bot, {
      facts: fact("Earned", sol(bot.earned)),
      actions: html`
        <button aria-label="Describe ${bot.name}" @click=${() => this.#ask("arena-describing", bot)}>Describe</button>
        ${hasCredentials(bot) && html`<button aria-label="Replace the key of ${bot.name}" @click=${() => this.#ask("arena-credentials", bot)}>Replace key</button>`}
        ${closable(bot) && html`<button class="danger" aria-label="Close ${bot.name}" @click=${() => this.#ask("arena-closing", bot)}>Close</button>`}`,
    })
  }

  /**
   * @param {string} dialog
   * @param {BotSummary} bot
   */
  #ask(dialog, bot) {
    /** @type {Dialog | null} */ (this.querySelector(dialog))?.ask(bot)
  }
}

customElements.define("arena-own-bots", OwnBots)
