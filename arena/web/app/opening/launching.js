/** A draft on its way onto the chain, as its creator sees it: what is done, what comes next, what went wrong. */

import { explain, notifyFailure } from "../components/notices.js"
import { trouble } from "../components/trouble.js"
import { Failure } from "../lib/api.js"
import { Component } from "../lib/component.js"
import { html } from "../lib/html.js"
import { exact, sol } from "../lib/lamports.js"
import { at } from "../lib/time.js"
import { balance, refreshBalance, takeGift } from "../wallet/balance.js"
import { GIFT, chain } from "../wallet/chain.js"
import { session } from "../wallet/session.js"
import { Launch } from "./launch.js"

/** @typedef {import("../../types/api.js").BotResponse} Bot */
/** @typedef {import("../../types/api.js").DraftResponse} Draft */
/** @typedef {import("../../types/api.js").TermsResponse} Terms */

/** Lamports that the network takes for two signatures. */
const NETWORK = 10_000
const POOR = new Set(["funds_insufficient", "funds_below_rent"])

class Launching extends Component {
  /** if it was drafted just now: it goes on by itself @type {Draft | null} */
  draft = null
  /** @type {Terms | null} */
  terms = null
  #launch = /** @type {Launch} */ (/** @type {unknown} */ (null))
  #faucet = false
  #giving = false
  #told = false
  /** whether somebody was led here, and has to be told where that is */
  #led = false

  connected() {
    this.#led = this.draft !== null
    this.#launch = new Launch(this.getAttribute("bot") ?? "", this.draft, this.life)
    this.watch(this.#launch, balance, session)
    this.#launch.subscribe(() => this.#tell(), this.life)
    if (this.draft !== null) void this.#open()
    this.draft = null
    chain().then(
      ({ faucet }) => {
        this.#faucet = faucet
        this.update()
      },
      () => {},
    )
  }

  painted() {
    const heading = this.querySelector("h1")
    if (!this.#led || heading === null) return
    this.#led = false
    heading.tabIndex = -1
    heading.focus()
  }

  /** Go on, unless the wallet is known to hold too little: nothing would come of it but the network's fee. */
  async #open() {
    await refreshBalance()
    const { bot } = this.#launch
    if (bot !== null && !this.#isShort(bot)) await this.#launch.open()
  }

  /** @param {Bot} bot */
  #isShort(bot) {
    return balance.value !== null && balance.value < bot.initial_pot + (this.terms?.rent ?? 0) + NETWORK
  }

  /** Tell the page once it is open: what was typed for it is not needed any more. */
  #tell() {
    const { bot } = this.#launch
    if (this.#told || bot === null || bot.status === "draft" || bot.status === "opening") return
    this.#told = true
    this.dispatchEvent(new CustomEvent("opened"))
  }

  view() {
    const { bot, error } = this.#launch
    if (bot === null) {
      if (error instanceof Failure && error.status === 404) return gone()
      return html`<h1>Open a bot</h1>${trouble(error, () => this.#launch.read()) || html`<div class="card launch-place placeholder" aria-busy="true">.</div>`}`
    }
    return html`
      <h1 class="words">${bot.name}</h1>
      <div class="card stack">
        <ol class="launch-steps">${steps(this.#launch, bot).map(({ name, state }) => html`<li class="${state}" aria-current=${state === "now" ? "step" : null}><span>${name}</span><span class="unseen">: ${STATES[state]}</span></li>`)}</ol>
        <p role="status" class="launch-status">${this.#status(bot)}</p>
        ${this.#wrong(bot)}
        ${bot.status === "draft" ? this.#ask(bot) : bot.status !== "opening" && html`<p class="row"><a class="button primary" href="/bots/${bot.id}">To the bot</a> <a class="button" href="/open">Open another one</a></p>`}
      </div>`
  }

  /** @param {Bot} bot */
  #status(bot) {
    switch (this.#launch.doing) {
      case "signing":
        return "Your wallet is asked to sign the transaction …"
      case "sending":
        return "It is being sent …"
      default:
    }
    switch (bot.status) {
      case "draft":
        return "It is drafted: nothing is paid yet, and nobody else sees it."
      case "opening":
        return `On its way onto the chain. This takes some seconds; it goes on if you leave.${this.#launch.error === null ? "" : ` The arena cannot be asked at the moment: ${explain(this.#launch.error)}`}`
      case "open":
        return "It is open. Players can find it in the lobby."
      default:
        return `It is ${bot.status}.`
    }
  }

  /** @param {Bot} bot */
  #wrong(bot) {
    const { error, doing } = this.#launch
    if (bot.status !== "draft" || doing !== null) return null
    const code = error instanceof Failure ? error.code : error === null ? bot.opening_error?.code : undefined
    const words = error !== null ? explain(error) : bot.opening_error ? `It did not come onto the chain. ${bot.opening_error.detail}` : ""
    return (
      words !== "" &&
      html`<div class="notice bad stack" role="alert">
        <p>${words}</p>
        ${code === "terms_refused" && html`<p><a href="/open">Back to the form</a></p>`}
        ${code === "draft_outdated" && html`<p>The arena has another key since it was drafted: <a href="/open">draft it anew</a>.</p>`}
        ${code !== undefined && POOR.has(code) && this.#gift()}
      </div>`
    )
  }

  /** @param {Bot} bot */
  #ask(bot) {
    const short = this.#isShort(bot)
    const busy = this.#launch.doing !== null
    const again = this.#launch.error !== null || bot.opening_error
    return html`
      <dl class="facts">
        <dt>Into the pot</dt><dd>${sol(bot.initial_pot, { full: true })}</dd>
        ${this.terms && html`<dt>Rent of its account, which comes back</dt><dd>${sol(this.terms.rent, { full: true })}</dd>`}
        <dt>The network's fee</dt><dd>about ${sol(NETWORK, { full: true })}</dd>
        ${balance.value !== null && html`<dt>In your wallet</dt><dd class="${short ? "bad" : ""}">${sol(balance.value, { full: true })}</dd>`}
        <dt>First message</dt><dd>${sol(bot.fee_base, { full: true })}, then ${bot.fee_growth_bps / 100} % more each, up to ${exact(bot.fee_cap)} SOL</dd>
        <dt>It ends</dt><dd><time datetime="${bot.closes_at}">${at(bot.closes_at)}</time></dd>
      </dl>
      ${short && !busy && html`<div class="notice stack"><p role="status">Your wallet holds less than this takes.</p>${this.#gift()}</div>`}
      <p class="row">
        <button class="primary" aria-disabled=${busy ? "true" : null} @click=${() => this.#open()}>${busy ? "One moment …" : again ? "Try again" : "Sign and open"}</button>
        ${!busy && html`<a class="button" href="/open">Back to the form</a>`}
      </p>
      <p class="soft small">A draft that is not opened is forgotten after a week. Your drafts are also in <a href="/me">your profile</a>.</p>`
  }

  #gift() {
    if (!this.#faucet) return html`<p>Send SOL to <code class="words">${session.value?.address}</code>, then try again.</p>`
    return html`<p><button aria-disabled=${this.#giving ? "true" : null} @click=${() => this.#take()}>${this.#giving ? "One moment …" : `Get ${GIFT / 1e9} SOL of the local chain from the faucet`}</button></p>`
  }

  async #take() {
    const who = session.value?.address
    if (this.#giving || who === undefined) return
    this.#giving = true
    this.update()
    try {
      await takeGift(who)
    } catch (error) {
      notifyFailure(error)
    }
    this.#giving = false
    this.update()
  }
}

const STATES = /** @type {const} */ ({ done: "done", now: "now", todo: "to do" })

/**
 * @param {Launch} launch
 * @param {Bot} bot
 * @returns {{ name: string, state: keyof typeof STATES }[]}
 */
function steps({ doing }, { status }) {
  const done = status === "draft" ? (doing === "sending" ? 2 : 1) : status === "opening" ? 3 : 4
  return ["Drafted", "Signed", "Sent", "Open"].map((name, index) => ({ name, state: index < done ? "done" : index === done ? "now" : "todo" }))
}

const gone = () => html`<div class="empty stack">
  <h1>There is no such draft of yours</h1>
  <p>Drafts that are not opened are forgotten after a week; and one of another wallet is for that wallet alone.</p>
  <p><a class="button" href="/open">Open a bot</a></p>
</div>`

customElements.define("arena-launching", Launching)
