/** All bots: live pots, prices, time left, who is there; filters and search. */

import { KINDS, card } from "../components/bot_card.js"
import { explain } from "../components/notices.js"
import { get } from "../lib/api.js"
import { Component } from "../lib/component.js"
import { html, keyed } from "../lib/html.js"
import { Live } from "../lib/live.js"
import { address, navigate } from "../lib/router.js"

/** @typedef {import("../../types/frames.js").BotEntry} BotEntry */
/** @typedef {import("../components/bot_card.js").Bot} Bot */

const PAGE = 24
const TYPING = 250
const STATUSES = /** @type {const} */ ([
  ["open", "Open"],
  ["solved", "Solved"],
  ["expired", "Expired"],
  ["", "All"],
])
const ORDERS = /** @type {const} */ ([
  ["pot", "Largest pot"],
  ["price", "Cheapest message"],
  ["ending", "Ending soon"],
  ["newest", "Newest"],
  ["played", "Most played"],
])
class Lobby extends Component {
  /** @type {Bot[] | null} as they were read, kept up to date by the socket; null: none were read yet */
  #bots = null
  /** @type {string | null} */
  #cursor = null
  #failure = ""
  #loading = false
  /** what the socket said of bots that the list may not have yet @type {Map<string, BotEntry>} */
  #entries = new Map()
  /** bots that opened since the list was read @type {Set<string>} */
  #news = new Set()
  #turn = 0
  /** @type {Live | null} */
  #live = null
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #typing

  connected() {
    document.title = "Lobby · Arena"
    this.#bots = null
    this.#live = new Live("/ws/lobby", { heard: (frame) => this.#hear(frame), signal: this.life })
    this.watch(this.#live.connection)
    address.subscribe(() => address.value.pathname === "/" && void this.#load(), this.life)
    void this.#load()
  }

  get #query() {
    const given = address.value.searchParams
    return {
      status: given.get("status") ?? "open",
      sort: given.get("sort") ?? "pot",
      kind: given.get("kind") ?? "",
      q: given.get("q") ?? "",
    }
  }

  view() {
    const query = this.#query
    return html`<div class="stack">
      <div class="lobby-head">
        <div class="stack tight">
          <h1>Talk a bot out of its pot</h1>
          <p class="soft">Each bot guards a pot and a secret. A message costs a little, most of it goes into the pot, and the first whose message solves the bot wins all of it.</p>
        </div>
        ${this.#connection()}
      </div>
      <search>
        <form class="filters" @submit=${(/** @type {Event} */ event) => event.preventDefault()}>
          <label class="grow"><span class="unseen">Search</span><input type="search" name="q" placeholder="Search name, persona, objective" maxlength="200" .value=${query.q} @input=${(/** @type {InputEvent} */ event) => this.#search(event)}></label>
          ${select("status", "Status", STATUSES, query.status)} ${select("kind", "Kind", [["", "All kinds"], ...KINDS], query.kind)} ${select("sort", "Order", ORDERS, query.sort)}
        </form>
      </search>
      ${this.#failure && html`<p class="notice bad" role="alert">${this.#failure} <button @click=${() => this.#load()}>Try again</button></p>`}
      ${this.#news.size > 0 && html`<p><button class="primary" @click=${() => this.#load()}>${this.#news.size === 1 ? "A new bot is" : `${this.#news.size} new bots are`} open: show</button></p>`}
      ${this.#list()}
    </div>`
  }

  #connection() {
    const { state } = this.#live?.connection.value ?? { state: "connecting" }
    const words = { live: "Live", connecting: "Connecting …", waiting: "Offline: trying again", ended: "Offline" }[state]
    return html`<span class="live ${state}" role="status">${words}</span>`
  }

  #list() {
    if (this.#bots === null) {
      return html`<div class="bots" aria-busy="true">${Array.from({ length: 6 }, () => html`<div class="card bot-card placeholder">.</div>`)}</div>`
    }
    if (this.#bots.length === 0) {
      const { q, kind, status } = this.#query
      return html`<div class="empty stack"><p>${q || kind ? "No bot fits that." : status === "open" ? "No bot is open right now." : "There are none yet."}</p><p><a class="button primary" href="/open">Open one</a></p></div>`
    }
    return html`
      <ul class="bots">
        ${this.#bots.map((bot) => keyed(bot.id, card(bot)))}
      </ul>
      ${this.#cursor && html`<p class="more"><button ?disabled=${this.#loading} @click=${() => this.#load(true)}>Show more</button></p>`}`
  }

  /** @param {boolean} [more] the next page rather than the first */
  async #load(more = false) {
    const turn = ++this.#turn
    this.#loading = true
    this.update()
    const { status, sort, kind, q } = this.#query
    try {
      const page = await get("/api/v1/bots", {
        query: /** @type {any} */ ({ status, sort, kind, q, limit: PAGE, cursor: more ? this.#cursor : null }),
        signal: this.life,
      })
      if (turn !== this.#turn) return
      const before = more ? this.#bots ?? [] : []
      const known = new Set(before.map(({ id }) => id))
      this.#bots = [...before, ...page.bots.filter(({ id }) => !known.has(id)).map((bot) => newer(bot, this.#entries.get(bot.id)))]
      this.#cursor = page.next_cursor
      this.#failure = ""
      if (!more) this.#news.clear()
    } catch (error) {
      if (turn !== this.#turn || this.life.aborted) return
      this.#failure = explain(error)
    }
    this.#loading = false
    this.update()
  }

  /** @param {import("../lib/live.js").ServerFrame} frame */
  #hear(frame) {
    switch (frame.type) {
      case "lobby": {
        // it replaces all that was said before: what the list shows may be old
        const again = this.#entries.size > 0
        this.#entries = new Map(frame.bots.map((bot) => [bot.id, bot]))
        if (again) void this.#load()
        break
      }
      case "bot":
        if (!this.#entries.has(frame.bot.id) && frame.bot.status === "open" && this.#bots?.every(({ id }) => id !== frame.bot.id)) this.#news.add(frame.bot.id)
        this.#entries.set(frame.bot.id, frame.bot)
        break
      case "presence": {
        const entry = this.#entries.get(frame.bot_id)
        if (entry) this.#entries.set(frame.bot_id, { ...entry, players: frame.players, watching: frame.watching })
        break
      }
      default:
        return
    }
    this.#bots = this.#bots?.map((bot) => newer(bot, this.#entries.get(bot.id))) ?? null
    this.update()
  }

  /** @param {InputEvent} event */
  #search(event) {
    const text = /** @type {HTMLInputElement} */ (event.target).value.trim()
    clearTimeout(this.#typing)
    this.#typing = setTimeout(() => this.isConnected && change("q", text, ""), TYPING)
  }
}

/**
 * @param {Bot} bot
 * @param {BotEntry | undefined} entry
 * @returns {Bot} the bot as the socket has it, unless the list is newer
 */
function newer(bot, entry) {
  if (entry === undefined) return bot
  const { players, watching } = entry
  if (entry.message_count < bot.message_count) return { ...bot, players, watching }
  const status = /** @type {Bot["status"]} */ (bot.status === "open" ? entry.status : bot.status)
  return { ...bot, players, watching, status, pot: entry.pot, next_price: entry.next_price, message_count: entry.message_count }
}

/**
 * @param {string} name
 * @param {string} label
 * @param {readonly (readonly [string, string])[]} options
 * @param {string} chosen
 */
function select(name, label, options, chosen) {
  const first = name === "sort" ? "pot" : name === "status" ? "open" : ""
  return html`<label><span class="unseen">${label}</span><select name="${name}" .value=${chosen} @change=${(/** @type {Event} */ event) => change(name, /** @type {HTMLSelectElement} */ (event.target).value, first)}>
    ${options.map(([value, text]) => html`<option value="${value}" ?selected=${value === chosen}>${text}</option>`)}
  </select></label>`
}

/**
 * Filters are part of the address, so that they can be kept and passed on.
 *
 * @param {string} name
 * @param {string} value
 * @param {string} usual the value that need not be said
 */
function change(name, value, usual) {
  const url = new URL(address.value)
  if (value === usual) url.searchParams.delete(name)
  else url.searchParams.set(name, value)
  navigate(url.href, { replace: true })
}

customElements.define("page-lobby", Lobby)
