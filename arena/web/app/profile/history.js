/** What a wallet has spent, won and earned, hour by hour or day by day. */

import "../components/plot.js"
import { trouble } from "../components/trouble.js"
import { get } from "../lib/api.js"
import { Component } from "../lib/component.js"
import { html } from "../lib/html.js"
import { brief, sol } from "../lib/lamports.js"
import { tile } from "./deeds.js"

/** @typedef {import("../../types/api.js").UserHistory} History */
/** @typedef {import("../../types/api.js").Window} Window */

const WINDOWS = /** @type {const} */ ([
  ["24h", "24 hours"],
  ["7d", "7 days"],
  ["30d", "30 days"],
  ["all", "All"],
])
const SERIES = /** @type {const} */ ([
  ["spent", "Spent", "bad"],
  ["won", "Won", "gold"],
  ["earned", "Earned with bots", "good"],
])
const NOTHING = "Nothing was paid, won or earned in this time."

const hour = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" })
// a day of the arena is one in UTC, wherever the reader is
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" })

class HistoryPanel extends Component {
  /** @type {History | null} */
  #history = null
  /** @type {unknown} */
  #error = null
  /** @type {Window} */
  #window = "30d"
  #turn = 0

  connected() {
    void this.#load()
  }

  view() {
    return html`<section class="card stack" aria-labelledby="history">
      <div class="apart">
        <h2 id="history">Over time</h2>
        <div class="choices" role="group" aria-label="How far back">
          ${WINDOWS.map(([window, name]) => html`<button aria-pressed="${String(window === this.#window)}" @click=${() => this.#choose(window)}>${name}</button>`)}
        </div>
      </div>
      ${trouble(this.#error, () => this.#load())}
      ${this.#history === null ? this.#error === null && html`<div class="history-place placeholder" aria-busy="true">.</div>` : shown(this.#history)}
    </section>`
  }

  /** @param {Window} window */
  #choose(window) {
    this.#window = window
    void this.#load()
  }

  async #load() {
    const turn = ++this.#turn
    this.#error = null
    this.update()
    try {
      const history = await get("/api/v1/users/{address}/history", { path: { address: this.getAttribute("address") ?? "" }, query: { window: this.#window }, signal: this.life })
      if (turn === this.#turn) this.#history = history
    } catch (error) {
      if (this.life.aborted || turn !== this.#turn) return
      this.#error = error
    }
    this.update()
  }
}

/** @param {History} history */
function shown({ buckets, seconds }) {
  const form = seconds < 86_400 ? hour : day
  const busy = buckets.filter(({ spent, won, earned }) => spent + won + earned > 0)
  const data = {
    label: seconds < 86_400 ? "By the hour" : "By the day",
    xs: buckets.map(({ begins_at: time }) => Date.parse(time)),
    series: SERIES.map(([name, words]) => ({ name: words, values: buckets.map((bucket) => (busy.length > 0 ? bucket[name] : null)), shape: "bars" })),
    axis: "time",
    showX: form.format,
    showY: (/** @type {number} */ lamports) => `${brief(lamports)} SOL`,
    none: NOTHING,
  }
  return html`
    <dl class="tiles">${SERIES.map(([name, words, look]) => tile(words, sol(buckets.reduce((sum, bucket) => sum + bucket[name], 0)), look === "gold" ? "gold" : ""))}</dl>
    <arena-plot .data=${data}></arena-plot>
    <details><summary>In figures</summary>
      ${
        busy.length === 0
          ? html`<p class="soft">${NOTHING}</p>`
          : html`<div class="scrolls" tabindex="0" role="region" aria-label="Spent, won and earned"><table>
        <thead><tr><th>${seconds < 86_400 ? "Hour" : "Day (UTC)"}</th>${SERIES.map(([, words]) => html`<th class="number">${words}</th>`)}</tr></thead>
        <tbody>${busy.reverse().map((bucket) => html`<tr><td><time datetime="${bucket.begins_at}">${form.format(new Date(bucket.begins_at))}</time></td>${SERIES.map(([name]) => html`<td class="number">${bucket[name] === 0 ? html`<span class="soft">–</span>` : sol(bucket[name])}</td>`)}</tr>`)}</tbody>
      </table></div>`
      }
    </details>`
}

customElements.define("arena-history", HistoryPanel)
