/** One bot: who it is, what was said to it, and one's own chat with it. */

import "../bot/composer.js"
import "../bot/proof.js"
import "../bot/transcript.js"
import "../components/pot.js"
import "../components/time_left.js"
import { about, hints, outcome, terms } from "../bot/about.js"
import { Room } from "../bot/room.js"
import { kindName } from "../components/bot_card.js"
import { sigil } from "../components/sigil.js"
import { Component } from "../lib/component.js"
import { html } from "../lib/html.js"
import { sol } from "../lib/lamports.js"
import { session } from "../wallet/session.js"

class BotPage extends Component {
  /** @type {Room | null} */
  #room = null
  /** of the visit: it ends when somebody else signs in */
  #visit = new AbortController()
  #who = ""

  connected() {
    document.title = "Bot · Arena"
    session.subscribe(() => this.#enter(), this.life)
    this.life.addEventListener("abort", () => this.#visit.abort())
    this.#who = "?"
    this.#enter()
  }

  get #id() {
    return this.getAttribute("bot") ?? ""
  }

  #enter() {
    const who = session.value?.address ?? ""
    if (who === this.#who) return
    this.#who = who
    this.#visit.abort()
    this.#visit = new AbortController()
    const room = new Room(this.#id, this.#visit.signal, this.#room)
    this.#room = room
    room.conversation.subscribe(() => this.update(), this.#visit.signal)
    room.failure.subscribe(() => this.update(), this.#visit.signal)
    this.update()
  }

  view() {
    const room = this.#room
    const failure = room?.failure.value
    if (room && failure) {
      return html`<div class="empty stack"><h1>This bot cannot be shown</h1><p role="alert">${failure}</p><p class="row center"><button @click=${() => this.#again()}>Try again</button><a class="button" href="/">To the lobby</a></p></div>`
    }
    const bot = room?.conversation.value.bot
    if (!room || !bot) return html`<h1 class="unseen">Loading a bot</h1><div class="bot-page" aria-busy="true"><div class="card placeholder">.</div><div class="card placeholder">.</div></div>`
    document.title = `${bot.name} · Arena`
    const { players, watching, wallet } = room.conversation.value
    const open = bot.status === "open"
    return html`
      <div class="bot-head">
        ${sigil(bot.id)}
        <div><h1 class="words">${bot.name}</h1><p class="soft small">${kindName(bot.kind)} · <span class="tag ${bot.status}">${bot.status}</span></p></div>
        <dl class="bot-numbers">
          <div><dt>${bot.reward === null ? "Pot" : "Won"}</dt><dd><arena-pot class="gold" .lamports=${bot.reward ?? bot.pot}></arena-pot></dd></div>
          <div><dt>Next message</dt><dd>${open ? sol(bot.next_price, { full: true }) : "–"}</dd></div>
          <div><dt>Left</dt><dd>${open ? html`<arena-time-left .until=${bot.closes_at}></arena-time-left>` : "ended"}</dd></div>
          <div><dt>Players</dt><dd class="number">${players}<span class="soft small"> +${watching} watching</span></dd></div>
        </dl>
      </div>
      <div class="bot-page">
        <aside class="card stack about" aria-label="About the bot">${outcome(bot, wallet)} ${about(bot)} ${hints(bot)} ${terms(bot)}
          ${!["open", "draft", "halted"].includes(bot.status) && html`<arena-proof bot="${bot.id}" .commitment=${bot.objective_hash} .status=${bot.status}></arena-proof>`}
        </aside>
        <section class="card chat" aria-label="Chat">
          ${this.#connection(room)}
          <arena-transcript .room=${room}></arena-transcript>
          <arena-composer bot="${bot.id}" .room=${room}></arena-composer>
        </section>
      </div>`
  }

  /** @param {Room} room */
  #connection(room) {
    const state = room.live?.connection.value.state ?? "connecting"
    const words = { live: "Live", connecting: "Connecting …", waiting: "Offline: trying again. Nothing is lost.", ended: "Offline" }[state]
    return html`<p class="live ${state}" role="status">${words}</p>`
  }

  #again() {
    this.#who = "?"
    this.#enter()
  }
}

customElements.define("page-bot", BotPage)
