/** One's own profile: name, figures, bots with drafts, chats, and the way out. */

import "../profile/chats.js"
import "../profile/history.js"
import "../profile/leaving.js"
import "../profile/name_form.js"
import "../profile/own_bots.js"
import { trouble } from "../components/trouble.js"
import { ensureSignedIn } from "../components/wallet_menu.js"
import { get } from "../lib/api.js"
import { Component } from "../lib/component.js"
import { html, keyed } from "../lib/html.js"
import { sol } from "../lib/lamports.js"
import { deeds, head, nameOf, tile, unknownDeeds } from "../profile/deeds.js"
import { balance } from "../wallet/balance.js"
import { session } from "../wallet/session.js"

/** @typedef {import("../../types/api.js").OwnProfile} Profile */

class Me extends Component {
  /** @type {Profile | null} */
  #profile = null
  /** @type {unknown} */
  #error = null
  #who = ""

  connected() {
    document.title = "My profile · Arena"
    this.watch(session, balance)
    session.subscribe(() => this.#enter(), this.life)
    this.#who = ""
    this.#enter()
  }

  /** Begin anew when somebody else has signed in, or nobody is any more. */
  #enter() {
    const who = session.value?.address ?? ""
    if (who === this.#who) return
    this.#who = who
    this.#profile = null
    if (who !== "") void this.#load()
  }

  view() {
    const who = session.value
    if (who === null) return signedOut()
    const profile = this.#profile
    if (profile === null) return html`<div class="stack wide"><h1>My profile</h1>${trouble(this.#error, () => this.#load()) || unknownDeeds()}</div>`
    // of another wallet all parts are others
    return [keyed(who.address, this.#of(profile))]
  }

  /** @param {Profile} profile */
  #of(profile) {
    return html`<div class="stack wide">
      <h1>My profile</h1>
      ${head(profile, html`<p class="who-name words">${nameOf(profile)}</p>`)}
      ${trouble(this.#error, () => this.#load())}
      ${deeds(profile, tile("In the wallet", balance.value === null ? "…" : sol(balance.value)))}
      <arena-history address="${profile.wallet}"></arena-history>
      <arena-own-bots></arena-own-bots>
      <arena-own-chats></arena-own-chats>
      <div class="halves">
        <arena-name-form .username=${profile.username} @renamed=${() => this.#load()}></arena-name-form>
        <arena-leaving></arena-leaving>
      </div>
      <p class="soft small">This is <a href="/players/${profile.wallet}">what others see of you</a>.</p>
    </div>`
  }

  async #load() {
    const who = this.#who
    this.#error = null
    this.update()
    try {
      const profile = await get("/api/v1/users/me", { signal: this.life })
      if (who === this.#who) this.#profile = profile
    } catch (error) {
      if (this.life.aborted || who !== this.#who) return
      this.#error = error
    }
    this.update()
  }
}

const signedOut = () => html`<div class="empty stack">
  <h1>My profile</h1>
  <p>Your name, your bots and drafts, your chats and what you won are here once you have signed in.</p>
  <p><button class="primary" @click=${() => ensureSignedIn("See your profile")}>Connect</button></p>
</div>`

customElements.define("page-me", Me)
