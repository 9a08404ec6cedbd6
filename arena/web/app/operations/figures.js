/** How fast the arena is: the newest numbers, and the last hour. */

import "../components/plot.js"
import { stale } from "../components/trouble.js"
import { get } from "../lib/api.js"
import { Component } from "../lib/component.js"
import { html } from "../lib/html.js"
import { Poll } from "../lib/poll.js"
import { ends, joined, measured, newest, sum } from "./series.js"
import { count, span } from "./words.js"

/** @typedef {import("./series.js").Figures} Figures */
/** @typedef {import("./series.js").Name} Name */

/** @typedef {readonly [name: Name, words: string]} Line */

const EVERY = 5_000
/** What is shown of the last hour: what about, with which series, of seconds or of numbers. */
const PLOTS = /** @type {readonly { label: string, lines: readonly Line[], seconds?: true }[]} */ ([
  {
    label: "Requests and frames, by the second",
    lines: [
      ["requests", "Requests"],
      ["frames_in", "Frames in"],
      ["frames_out", "Frames out"],
    ],
  },
  {
    label: "Messages, by the second",
    lines: [
      ["quoted", "Quotes"],
      ["paid", "Payments"],
      ["judged", "Verdicts"],
    ],
  },
  {
    label: "How long it takes: median",
    seconds: true,
    lines: [
      ["quote_p50", "Quote"],
      ["payment_p50", "Payment"],
      ["verdict_p50", "Verdict"],
    ],
  },
  {
    label: "How long it takes: 99 of 100 are faster",
    seconds: true,
    lines: [
      ["quote_p99", "Quote"],
      ["payment_p99", "Payment"],
      ["verdict_p99", "Verdict"],
    ],
  },
  {
    label: "Journal and event loop",
    seconds: true,
    lines: [
      ["journal_commit_seconds", "Last commit"],
      ["loop_lag_seconds", "Event loop lag"],
    ],
  },
  { label: "Open sockets", lines: [["connections", "Open sockets"]] },
])
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" })

/**
 * @param {AbortSignal} signal
 * @param {Figures | null} before
 */
async function read(signal, before) {
  return joined(before, await get("/admin/figures", { query: { since: before?.until ?? 0 }, signal }))
}

class FiguresPanel extends Component {
  /** @type {Poll<Figures>} */
  #figures = /** @type {any} */ (null)

  connected() {
    this.#figures = new Poll(read, { every: EVERY, signal: this.life })
    this.watch(this.#figures)
  }

  view() {
    const figures = this.#figures.value
    return html`<section class="stack tight" aria-labelledby="figures">
      <div class="apart"><h2 id="figures">Throughput and latency</h2>${stale(this.#figures)}</div>
      ${figures === null ? html`<div class="figures-place placeholder" aria-busy="true">.</div>` : html`${tiles(figures)}<div class="plots">${plots(figures)}</div>`}
    </section>`
  }
}

/** @param {Figures} figures */
function tiles(figures) {
  const rate = (/** @type {Name} */ name) => html`${count(newest(figures, name))}<abbr title="by the second"> /s</abbr>`
  const quantiles = (/** @type {Name} */ median, /** @type {Name} */ tail) => html`${span(newest(figures, median))}<span class="tail soft" title="99 of 100 take no longer">p99 ${span(newest(figures, tail))}</span>`
  return html`<dl class="tiles figures">
    ${tile("Requests", rate("requests"))} ${tile("Frames in", rate("frames_in"))} ${tile("Frames out", rate("frames_out"))} ${tile("Open sockets", count(newest(figures, "connections")))}
    ${tile("Quotes", rate("quoted"))} ${tile("Payments", rate("paid"))} ${tile("Verdicts", rate("judged"))}
    ${tile("Quote takes", quantiles("quote_p50", "quote_p99"))} ${tile("Payment takes", quantiles("payment_p50", "payment_p99"))} ${tile("Verdict takes", quantiles("verdict_p50", "verdict_p99"))}
    ${tile("Journal waits", count(newest(figures, "journal_queued")))} ${tile("Commit takes", span(newest(figures, "journal_commit_seconds")))} ${tile("Event loop lag", span(newest(figures, "loop_lag_seconds")))}
    ${tile("Restarts, 1 h", count(sum(figures, "actor_restarts")))} ${tile("Chain behind", html`${count(newest(figures, "chain_slot_lag"))}<abbr> slots</abbr>`)}
  </dl>`
}

/** @param {Figures} figures */
function plots(figures) {
  const all = ends(figures)
  return PLOTS.map(({ label, lines, seconds }) => {
    const values = lines.map(([name]) => figures.series[name])
    const { xs, series: found } = seconds ? measured(all, values) : { xs: all, series: values }
    const series = lines.map(([, name], index) => ({ name, values: found[index] ?? [] }))
    const data = { label, xs, series, axis: "time", showX: clock.format, showY: seconds ? span : count, none: "Nothing of this happened in the last hour." }
    return html`<div class="card"><arena-plot .data=${data}></arena-plot></div>`
  })
}

/**
 * @param {string} name
 * @param {unknown} value
 */
const tile = (name, value) => html`<div class="tile"><dt>${name}</dt><dd class="number">${value}</dd></div>`

customElements.define("arena-figures", FiguresPanel)
