/** Whether the arena can be played, part by part. */

import { stale } from "../components/trouble.js"
import { Failure, get } from "../lib/api.js"
import { Component } from "../lib/component.js"
import { html } from "../lib/html.js"
import { sol } from "../lib/lamports.js"
import { Poll } from "../lib/poll.js"
import { count, span } from "./words.js"

/** @typedef {import("../../types/api.js").HealthResponse} Health */

const EVERY = 5_000
const STATUS = /** @type {const} */ ({ ready: "Ready: the arena can be played", unready: "Not ready: something is missing", stopping: "Stopping" })
const WALLETS = /** @type {const} */ ({ payout_key: "Payout key", platform_wallet: "Platform" })

/**
 * @param {AbortSignal} signal
 * @returns {Promise<Health>} also when it says that the arena cannot be played
 */
async function read(signal) {
  try {
    return await get("/api/v1/health", { signal })
  } catch (error) {
    if (error instanceof Failure && typeof error.document.status === "string") return /** @type {any} */ (error.document)
    throw error
  }
}

class HealthPanel extends Component {
  /** @type {Poll<Health>} */
  #health = /** @type {any} */ (null)

  connected() {
    this.#health = new Poll(read, { every: EVERY, signal: this.life })
    this.watch(this.#health)
  }

  view() {
    const health = this.#health.value
    return html`<section class="stack tight" aria-labelledby="health">
      <div class="apart"><h2 id="health">Health</h2>${stale(this.#health)}${health && tag(health, this.#health.error !== null)}</div>
      ${health === null ? html`<div class="health-place placeholder" aria-busy="true">.</div>` : parts(health)}
    </section>`
  }
}

/**
 * @param {Health} health
 * @param {boolean} old
 */
const tag = ({ status }, old) => html`<span class="tag ${old ? "" : status === "ready" ? "open" : "halted"}" role="status">${old ? "Not known now" : STATUS[status]}</span>`

/** @param {Health} health */
function parts({ database, chain, journal, feed, funds }) {
  return html`<ul class="parts">
    ${part("Database", database, database.ok && "answers")} ${part("Chain", chain, chain.ok && "answers")}
    ${part("Journal", journal, html`${count(journal.queued)} queued, last commit took ${span(journal.last_commit_seconds)}`)}
    ${part("Feed", feed, html`${feed.subscribed ? "subscribed" : "polls only"}, ${count(feed.tracked)} bots, looked ${span(feed.seconds_since_poll)} ago`)}
    ${part("Funds", funds, funds.wallets.map(({ name, address, lamports, least }) => html`<span class="wallet ${lamports < least ? "bad" : ""}" title="${address}; at least ${least} lamports">${WALLETS[name]} ${sol(lamports)}</span>`))}
  </ul>`
}

/**
 * @param {string} name
 * @param {{ ok: boolean, detail: string | null }} check
 * @param {unknown} words
 */
const part = (name, { ok, detail }, words) => html`<li class="tile part ${ok ? "" : "ill"}">
  <p class="strong"><span class="${ok ? "good" : "bad"}" aria-hidden="true">${ok ? "✓" : "✗"}</span> ${name}<span class="unseen">: ${ok ? "well" : "not well"}</span></p>
  ${detail && html`<p class="bad small">${detail}</p>`}
  ${words && html`<p class="soft small">${words}</p>`}
</li>`

customElements.define("arena-health", HealthPanel)
