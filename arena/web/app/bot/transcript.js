/** What was said to a bot: everybody's judged messages, and one's own on their way. */

import { notifyFailure } from "../components/notices.js"
import { sigil } from "../components/sigil.js"
import { shortAddress } from "../components/wallet_menu.js"
import { Component } from "../lib/component.js"
import { html, keyed } from "../lib/html.js"
import { sol } from "../lib/lamports.js"
import { chain, explorer } from "../wallet/chain.js"
import { refundReason } from "./conversation.js"
import { steps } from "./steps.js"

/** @typedef {import("./conversation.js").Line} Line */
/** @typedef {import("./conversation.js").Own} Own */
/** @typedef {import("./room.js").Room} Room */

/** Pixels from its end at which a transcript is still read at the end. */
const NEAR = 120

class Transcript extends Component {
  /** @type {Room | null} */
  #room = null
  #mine = false
  #atEnd = true
  #unread = 0
  #count = 0
  #loading = false
  /** @type {import("../wallet/chain.js").Chain | null} */
  #chain = null

  /** @param {Room} room */
  set room(room) {
    this.#room = room
    if (this.isConnected) this.connected()
  }

  connected() {
    if (this.#room) this.watch(this.#room.conversation)
    chain().then(
      (found) => {
        this.#chain = found
        this.update()
      },
      () => {},
    )
  }

  view() {
    const room = this.#room
    if (room === null || room.conversation.value.bot === null) return html`<div class="log placeholder">.</div>`
    const said = room.conversation.value
    const lines = said.inOrder.filter(({ wallet }) => !this.#mine || wallet === said.wallet)
    const own = [...said.own.values()]
    return html`
      <div class="log-head">
        <h2>${this.#mine ? "What you said" : "What was said"}</h2>
        ${said.wallet !== null && html`<label class="choice small"><input type="checkbox" .checked=${this.#mine} @change=${() => this.#filter()}>Mine only</label>`}
      </div>
      <div class="log" tabindex="0" role="log" aria-label="Messages and replies" @scroll=${() => this.#scrolled()}>
        ${room.earlier && html`<p class="more"><button ?disabled=${this.#loading} @click=${() => this.#earlier(room)}>Show earlier messages</button></p>`}
        ${lines.length + own.length === 0 && html`<p class="empty">${this.#mine ? "You have not said anything yet." : "Nobody has said anything yet. Be the first: the first message is the cheapest."}</p>`}
        <ol class="lines">
          ${lines.map((line) => keyed(line.index, exchange(line, said.wallet, said.bot?.id ?? "", this.#chain)))}
          ${own.map((message) => keyed(message.id, underWay(message, room)))}
        </ol>
      </div>
      <p class="unread" ?hidden=${this.#unread === 0}><button class="primary" @click=${() => this.#toEnd()}>${this.#unread} new ↓</button></p>`
  }

  painted() {
    const said = this.#room?.conversation.value
    const count = said ? said.lines.size + said.own.size : 0
    if (this.#atEnd) this.#toEnd()
    else if (count > this.#count && !this.#loading) {
      this.#unread += count - this.#count
      this.update()
    }
    this.#count = count
  }

  get #log() {
    return this.querySelector(".log")
  }

  #scrolled() {
    const log = this.#log
    if (!log) return
    this.#atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR
    if (this.#atEnd && this.#unread > 0) {
      this.#unread = 0
      this.update()
    }
  }

  #toEnd() {
    const log = this.#log
    if (log) log.scrollTop = log.scrollHeight
    this.#atEnd = true
  }

  #filter() {
    this.#mine = !this.#mine
    this.update()
  }

  /** @param {Room} room */
  async #earlier(room) {
    const log = this.#log
    const below = log ? log.scrollHeight - log.scrollTop : 0
    this.#loading = true
    this.#atEnd = false
    try {
      await room.readEarlier()
    } catch (error) {
      notifyFailure(error)
    }
    this.paint()
    this.#loading = false
    // what one was reading stays where it is
    if (log) log.scrollTop = log.scrollHeight - below
    this.update()
  }
}

/**
 * @param {Line} line
 * @param {string | null} me
 * @param {string} bot
 * @param {import("../wallet/chain.js").Chain | null} on
 */
function exchange(line, me, bot, on) {
  const mine = line.wallet === me
  return html`<li class="exchange ${mine ? "mine" : ""} ${line.verdict}" id="message-${line.index}">
    <div class="said">
      ${sigil(line.wallet, "small")}
      <div class="bubble">
        <p class="by small"><a href="/players/${line.wallet}">${mine ? "You" : (line.username ?? shortAddress(line.wallet))}</a> <span class="soft">#${line.index}${line.amount !== null && html` · ${sol(line.amount)}`}${line.signature !== null && receipt(line.signature, on)}</span></p>
        <p class="words" dir="auto">${line.text}</p>
      </div>
    </div>
    <div class="replied">
      ${sigil(bot, "small")}
      <div class="bubble">
        <p class="words" dir="auto">${line.reply}</p>
        ${line.verdict === "solved" && html`<p class="verdict gold">${mine ? "Solved! The pot is yours." : "Solved."}</p>`}
      </div>
    </div>
  </li>`
}

/**
 * The transaction that paid for a message.
 *
 * @param {string} signature
 * @param {import("../wallet/chain.js").Chain | null} on
 */
function receipt(signature, on) {
  const to = on && explorer(on, "tx", signature)
  return to
    ? html` · <a href="${to}" target="_blank" rel="noreferrer" title="${signature}">paid</a>`
    : html` · <span title="Paid with transaction ${signature}">paid</span>`
}

/**
 * @param {Own} own
 * @param {Room} room
 */
function underWay(own, room) {
  const bot = room.conversation.value.bot?.id ?? ""
  const over = own.stage === "dead" || own.stage === "refunding" || own.stage === "refunded"
  return html`<li class="exchange mine ${over ? "over" : "on-its-way"}">
    <div class="said">
      ${sigil(room.conversation.value.wallet ?? "", "small")}
      <div class="bubble">
        <p class="by small">You ${own.amount !== null && html`<span class="soft">· ${sol(own.amount)}</span>`}</p>
        <p class="words" dir="auto">${own.text}</p>
        ${steps(own)}
        ${own.stage === "pricing" && own.amount !== null && html`<div class="row"><p>Somebody was faster: your message now costs ${sol(own.amount, { full: true })}.</p><button class="primary" @click=${() => room.decide(own.id, true)}>Pay that</button><button @click=${() => room.decide(own.id, false)}>Do not send</button></div>`}
        ${own.problem !== null && html`<p class="small ${own.stage === "dead" ? "bad" : "soft"}">${own.problem}</p>`}
        ${(own.stage === "refunding" || own.stage === "refunded") && html`<p class="small">${refundReason(own.reason)}${own.stage === "refunded" && " It is back in your wallet."}</p>`}
        ${own.stage === "dead" && html`<p class="row"><button @click=${() => again(own, room)}>Write it again</button><button class="plain" @click=${() => room.dismiss(own.id)}>Dismiss</button></p>`}
      </div>
    </div>
    ${own.reply !== "" && html`<div class="replied">${sigil(bot, "small")}<div class="bubble"><p class="words speaking" dir="auto">${own.reply}</p></div></div>`}
  </li>`
}

/**
 * @param {Own} own
 * @param {Room} room
 */
function again(own, room) {
  room.dismiss(own.id)
  document.querySelector("arena-composer")?.dispatchEvent(new CustomEvent("write", { detail: own.text }))
}

customElements.define("arena-transcript", Transcript)
