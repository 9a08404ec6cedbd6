/** Where one writes to a bot, and sees what it costs before it is sent. */

import { notify, notifyFailure } from "../components/notices.js"
import { ensureSignedIn } from "../components/wallet_menu.js"
import { Component } from "../lib/component.js"
import { html } from "../lib/html.js"
import { sol } from "../lib/lamports.js"
import { balance, refreshBalance, takeGift } from "../wallet/balance.js"
import { chain } from "../wallet/chain.js"
import { session } from "../wallet/session.js"

/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("./conversation.js").Bot} Bot */

/** The network's fee for the two signatures of a payment, in lamports. */
const NETWORK_FEE = 10_000
const NEAR_THE_END = 200

const OVER = /** @type {Record<string, string>} */ ({
  draft: "This bot is not open yet.",
  solved: "Solved: this bot takes no more messages.",
  expired: "Its time is over: this bot takes no more messages.",
  closing: "This bot is being closed and takes no more messages.",
  closed: "This bot is closed.",
  halted: "This bot stands still until the arena's operators have looked at it. What was paid is safe.",
})

class Composer extends Component {
  /** @type {Room | null} */
  #room = null
  #text = ""
  #busy = false
  #faucet = false

  /** @param {Room} room */
  set room(room) {
    this.#room = room
    this.#text = sessionStorage.getItem(this.#key) ?? this.#text
    if (this.isConnected) this.connected()
  }

  get #key() {
    return `arena.draft.${this.getAttribute("bot")}`
  }

  connected() {
    if (!this.#room) return
    this.watch(this.#room.conversation, balance, session)
    this.addEventListener("write", (event) => this.#write(/** @type {CustomEvent<string>} */ (event).detail), { signal: this.life })
    chain().then(
      ({ faucet: open }) => {
        this.#faucet = open
        this.update()
      },
      () => {},
    )
  }

  view() {
    const room = this.#room
    const bot = room?.conversation.value.bot
    if (!room || !bot) return html`<div class="composer placeholder">.</div>`
    if (bot.status !== "open") return html`<div class="composer"><p class="notice">${OVER[bot.status] ?? "This bot takes no messages."}</p></div>`
    const left = room.longest - [...this.#text].length
    const poor = session.value !== null && balance.value !== null && balance.value < bot.next_price + NETWORK_FEE
    return html`<form class="composer" @submit=${(/** @type {Event} */ event) => this.#submit(event, bot)}>
      <label for="say" class="unseen">Your message to ${bot.name}</label>
      <textarea id="say" rows="2" placeholder="Say something to ${bot.name}" .value=${this.#text} aria-describedby="say-help"
        @input=${(/** @type {Event} */ event) => this.#typed(event)} @keydown=${(/** @type {KeyboardEvent} */ event) => this.#pressed(event, bot)}></textarea>
      <div class="composer-foot">
        <p id="say-help" class="small soft">
          ${poor
            ? html`<span class="bad">Your wallet holds too little for the next message.</span> ${this.#faucet ? html`<button type="button" @click=${() => this.#fund()}>Get SOL from the faucet</button>` : "Put some SOL into it first."}`
            : left < NEAR_THE_END
              ? html`<span class="${left < 0 ? "bad" : ""}">${left < 0 ? `${-left} characters too many` : `${left} characters left`}</span>`
              : "If the bot cannot answer, your fee comes back."}
        </p>
        <button class="primary send" ?disabled=${this.#busy || left < 0 || poor}>${this.#label(bot)}</button>
      </div>
    </form>`
  }

  /** @param {Bot} bot */
  #label(bot) {
    if (session.value === null) return "Connect to play"
    return html`Send for ${sol(bot.next_price, { full: true })}`
  }

  /** @param {Event} event */
  #typed(event) {
    this.#text = /** @type {HTMLTextAreaElement} */ (event.target).value
    sessionStorage.setItem(this.#key, this.#text)
    this.update()
  }

  /**
   * @param {KeyboardEvent} event
   * @param {Bot} bot
   */
  #pressed(event, bot) {
    // where there is no other way to begin a new line, Enter does
    const touch = matchMedia("(pointer: coarse)").matches
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && !touch) this.#submit(event, bot)
  }

  /** @param {string} text to go on from, unless something is being written */
  #write(text) {
    if (this.#text.trim() === "") this.#text = text
    this.update()
    this.querySelector("textarea")?.focus()
  }

  /**
   * @param {Event} event
   * @param {Bot} bot
   */
  async #submit(event, bot) {
    event.preventDefault()
    if (this.#busy || !this.#room) return
    if (session.value === null) {
      await ensureSignedIn(`Connect a wallet to talk to ${bot.name}`)
      this.querySelector("textarea")?.focus()
      return
    }
    const text = this.#text
    if (text.trim() === "") {
      notify("Write something first.")
      this.querySelector("textarea")?.focus()
      return
    }
    this.#busy = true
    this.#set("")
    try {
      if (!(await this.#room.say(text, bot.next_price))) this.#write(text)
    } catch (error) {
      this.#write(text)
      notifyFailure(error)
    }
    this.#busy = false
    void refreshBalance()
    this.update()
  }

  /** @param {string} text */
  #set(text) {
    this.#text = text
    if (text === "") sessionStorage.removeItem(this.#key)
    this.update()
  }

  async #fund() {
    if (session.value === null) return
    try {
      await takeGift(session.value.address)
    } catch (error) {
      notifyFailure(error)
    }
  }
}

customElements.define("arena-composer", Composer)
