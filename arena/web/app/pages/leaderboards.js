/** Who has earned most: solvers and creators, within a time, and one's own place among them. */

import { explain } from "../components/notices.js"
import { sigil } from "../components/sigil.js"
import { stale } from "../components/trouble.js"
import { shortAddress } from "../components/wallet_menu.js"
import { get } from "../lib/api.js"
import { Component } from "../lib/component.js"
import { html, keyed } from "../lib/html.js"
import { sol } from "../lib/lamports.js"
import { Poll } from "../lib/poll.js"
import { address, navigate } from "../lib/router.js"
import { session } from "../wallet/session.js"

/** @typedef {import("../../types/api.js").Leaderboard} Board */
/** @typedef {import("../../types/api.js").StandingResponse} Standing */
/** @typedef {import("../../types/api.js").Window} Window */
/** @typedef {{ board: "solvers" | "creators", window: Window, around: boolean, cursor: string }} Wanted */

const PAGE = 25
const EVERY = 30_000
const BOARDS = /** @type {const} */ ([
  ["solvers", "Solvers"],
  ["creators", "Creators"],
])
const WINDOWS = /** @type {const} */ ([
  ["all", "All time"],
  ["30d", "30 days"],
  ["7d", "7 days"],
  ["24h", "24 hours"],
])
const COLUMNS = /** @type {const} */ ({
  solvers: { lamports: "Won", count: "Bots solved" },
  creators: { lamports: "Earned", count: "Messages" },
})

class Leaderboards extends Component {
  /** @type {Poll<Board>} */
  #poll = /** @type {any} */ (null)
  #asked = ""

  connected() {
    document.title = "Leaderboards · Arena"
    this.#asked = this.#key
    this.#poll = new Poll((signal) => this.#ask(signal), { every: EVERY, signal: this.life })
    this.watch(this.#poll, address, session)
    address.subscribe(() => this.#changed(), this.life)
    session.subscribe(() => this.#changed(), this.life)
  }

  /** @returns {Wanted} */
  get #wanted() {
    const given = address.value.searchParams
    const window = given.get("window") ?? ""
    return {
      board: given.get("board") === "creators" ? "creators" : "solvers",
      window: /** @type {Window} */ (WINDOWS.some(([one]) => one === window) ? window : "all"),
      around: given.has("around"),
      cursor: given.get("cursor") ?? "",
    }
  }

  get #key() {
    return JSON.stringify([this.#wanted, session.value?.address])
  }

  /** Another board is another answer; the same one for somebody else is asked for again, too. */
  #changed() {
    if (address.value.pathname !== "/leaderboards" || this.#key === this.#asked) return
    this.#asked = this.#key
    this.#poll.anew()
  }

  /** @param {AbortSignal} signal */
  #ask(signal) {
    const { board, window, around, cursor } = this.#wanted
    const me = session.value?.address
    /** one's place is told with every page; only if it is wished for it is also where the page begins */
    const from = cursor !== "" ? { cursor } : around && me !== undefined ? {} : null
    return this.#page(board, window, me, from, signal)
  }

  /**
   * @param {Wanted["board"]} board
   * @param {Window} window
   * @param {string | undefined} me
   * @param {{ cursor?: string } | null} from null: from the top
   * @param {AbortSignal} signal
   * @returns {Promise<Board>}
   */
  async #page(board, window, me, from, signal) {
    const ask = (/** @type {object} */ query) => get("/api/v1/leaderboard/{board}", { path: { board }, query: { window, limit: PAGE, ...query }, signal })
    if (me === undefined) return ask(from ?? {})
    if (from !== null) return ask({ ...from, around: me })
    const [page, own] = await Promise.all([ask({}), ask({ around: me, limit: 1 })])
    return { ...page, around: own.around }
  }

  view() {
    const { board, window, around, cursor } = this.#wanted
    const { value } = this.#poll
    return html`<div class="stack leaderboards">
      <div class="apart"><h1>Leaderboards</h1>${value !== null && stale(this.#poll)}</div>
      <div class="row">
        <div class="choices" role="group" aria-label="Board">${BOARDS.map(([one, name]) => choice("board", one, name, board, "solvers"))}</div>
        <div class="choices" role="group" aria-label="Within">${WINDOWS.map(([one, name]) => choice("window", one, name, window, "all"))}</div>
      </div>
      <p class="soft">${board === "solvers" ? "By the pots that they won, once these are final on the chain." : "By their shares of the messages to their bots."}</p>
      ${value === null ? this.#nothing() : this.#board(value, board, around, cursor)}
    </div>`
  }

  #nothing() {
    const { error } = this.#poll
    if (error === null) return html`<div class="card board-place placeholder" aria-busy="true">.</div>`
    return html`<p class="notice bad row" role="alert">${explain(error)} <button @click=${() => this.#poll.now()}>Try again</button> ${this.#wanted.cursor !== "" && html`<button @click=${() => go({ cursor: null })}>From the top</button>`}</p>`
  }

  /**
   * @param {Board} found
   * @param {Wanted["board"]} board
   * @param {boolean} around
   * @param {string} cursor
   */
  #board({ standings, total, around: own, next_cursor: next }, board, around, cursor) {
    const me = session.value?.address
    const { lamports, count } = COLUMNS[board]
    const inMiddle = around && cursor === "" && own !== null
    return html`
      ${me !== undefined && this.#own(own, board, inMiddle)}
      ${
        standings.length === 0
          ? html`<div class="empty stack"><p>Nobody has ${board === "solvers" ? "solved a bot" : "earned anything with a bot"} in this time.</p><p>${board === "solvers" ? html`<a class="button primary" href="/">Be the first</a>` : html`<a class="button primary" href="/open">Open a bot</a>`}</p></div>`
          : html`<div class="card board"><table>
              <caption class="unseen">${board === "solvers" ? "Solvers" : "Creators"} by what they have ${board === "solvers" ? "won" : "earned"}</caption>
              <thead><tr><th scope="col" class="number">Place</th><th scope="col">Who</th><th scope="col" class="number">${lamports}</th><th scope="col" class="number">${count}</th></tr></thead>
              <tbody>${standings.map((standing) => keyed(standing.wallet, row(standing, me)))}</tbody>
            </table></div>
            <div class="row board-pages">
              ${(cursor !== "" || inMiddle) && html`<button @click=${() => go({ cursor: null, around: null })}>From the top</button>`}
              <span class="soft small">${total} ${total === 1 ? "has" : "have"} a place${total > 10_000 ? ", of which the first 10,000 are listed" : ""}.</span>
              ${next && html`<button class="next" @click=${() => go({ cursor: next })}>Next ${PAGE}</button>`}
            </div>`
      }`
  }

  /**
   * @param {Standing | null} own
   * @param {Wanted["board"]} board
   * @param {boolean} shown whether the page is around it
   */
  #own(own, board, shown) {
    if (own === null) return html`<p class="notice">You have no place here ${board === "solvers" ? "until a pot that you won is final" : "until somebody has paid for a message to a bot of yours"}.</p>`
    return html`<div class="notice apart own-place">
      <p>You are <b>number ${own.rank}</b> with ${sol(own.lamports)}.</p>
      ${shown ? html`<button @click=${() => go({ around: null, cursor: null })}>Show the top</button>` : html`<button @click=${() => go({ around: "me", cursor: null })}>Show who is around me</button>`}
    </div>`
  }
}

/**
 * @param {Standing} standing
 * @param {string | undefined} me
 */
function row({ rank, wallet, username, lamports, count }, me) {
  return html`<tr class="${wallet === me ? "me" : ""}" aria-current=${wallet === me ? "true" : null}>
    <td class="number rank">${rank}</td>
    <td><a class="who-link" href="/players/${wallet}">${sigil(wallet, "small")}<span class="words">${username ?? shortAddress(wallet)}</span></a>${wallet === me && html` <span class="tag">you</span>`}</td>
    <td class="number gold">${sol(lamports)}</td>
    <td class="number">${count}</td>
  </tr>`
}

/**
 * @param {"board" | "window"} name
 * @param {string} value
 * @param {string} words
 * @param {string} chosen
 * @param {string} usual the value that need not be said
 */
const choice = (name, value, words, chosen, usual) =>
  html`<button aria-pressed="${String(value === chosen)}" @click=${() => go({ [name]: value === usual ? null : value, cursor: null }, true)}>${words}</button>`

/**
 * What is shown is part of the address, so that it can be kept and passed on.
 *
 * @param {Record<string, string | null>} changes null: leave it out
 * @param {boolean} [replace]
 */
function go(changes, replace = false) {
  const url = new URL(address.value)
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) url.searchParams.delete(name)
    else url.searchParams.set(name, value)
  }
  navigate(url.href, { replace })
}

customElements.define("page-leaderboards", Leaderboards)
