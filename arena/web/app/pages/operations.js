/** For operators: how the arena is, how fast, its actors, what went wrong and who did what about it. */

import "../operations/actor.js"
import "../operations/audit.js"
import "../operations/figures.js"
import "../operations/halts.js"
import "../operations/health.js"
import "../operations/letters.js"
import "../operations/tree.js"
import { trouble } from "../components/trouble.js"
import { ensureSignedIn } from "../components/wallet_menu.js"
import { Failure, get } from "../lib/api.js"
import { Component } from "../lib/component.js"
import { html } from "../lib/html.js"
import { session } from "../wallet/session.js"

class Operations extends Component {
  /** @type {boolean | null} whether the wallet may be here; null: not known yet */
  #allowed = null
  /** @type {unknown} */
  #error = null
  #who = ""

  connected() {
    document.title = "Operations · Arena"
    this.watch(session)
    session.subscribe(() => this.#enter(), this.life)
    this.#who = ""
    this.#enter()
  }

  #enter() {
    const who = session.value?.address ?? ""
    if (who === this.#who) return
    this.#who = who
    this.#allowed = null
    if (who !== "") void this.#ask()
  }

  /** Whether the wallet may be here is asked of what is used here: in an outage of the database that still answers. */
  async #ask() {
    const who = this.#who
    this.#error = null
    this.update()
    try {
      await get("/admin/actors", { query: { levels: 0 }, signal: this.life })
      if (who === this.#who) this.#allowed = true
    } catch (error) {
      if (this.life.aborted || who !== this.#who) return
      if (error instanceof Failure && error.status === 403) this.#allowed = false
      else this.#error = error
    }
    this.update()
  }

  view() {
    if (session.value === null) return outside(html`<p>This page is for those who run the arena. Sign in with an operator's wallet.</p><p><button class="primary" @click=${() => ensureSignedIn("Operate the arena")}>Connect</button></p>`)
    if (this.#allowed === false) {
      return outside(html`<p>This page is for those who run the arena, and <code class="words">${session.value.address}</code> is not one of their wallets. It shows nothing that changes what you see or win.</p>
        <p class="small">If you do run it: put the wallet into <code>ARENA_ADMIN_WALLETS</code> and start the arena again.</p><p><a class="button" href="/">To the lobby</a></p>`)
    }
    if (this.#allowed === null) return html`<div class="stack"><h1>Operations</h1>${trouble(this.#error, () => this.#ask()) || html`<div class="tree-place placeholder" aria-busy="true">.</div>`}</div>`
    return html`<div class="stack wide">
      <h1>Operations</h1>
      <arena-health></arena-health>
      <arena-figures></arena-figures>
      <section class="beside-actor" aria-labelledby="actors"><arena-actor-tree></arena-actor-tree><arena-actor></arena-actor></section>
      <arena-halted-bots></arena-halted-bots>
      <arena-dead-letters></arena-dead-letters>
      <arena-audit></arena-audit>
    </div>`
  }
}

/** @param {unknown} words */
const outside = (words) => html`<div class="empty stack"><h1>Operations</h1>${words}</div>`

customElements.define("page-operations", Operations)
