/** Anybody's profile: who it is, what it has done, and its bots. */

import "../profile/bots.js"
import "../profile/history.js"
import { trouble } from "../components/trouble.js"
import { Failure, get } from "../lib/api.js"
import { Component } from "../lib/component.js"
import { html } from "../lib/html.js"
import { deeds, head, nameOf, unknownDeeds } from "../profile/deeds.js"
import { session } from "../wallet/session.js"

/** @typedef {import("../../types/api.js").Profile} Profile */

class Player extends Component {
  /** @type {Profile | null} */
  #profile = null
  /** @type {unknown} */
  #error = null

  connected() {
    document.title = "Player · Arena"
    this.watch(session)
    void this.#load()
  }

  get #address() {
    return this.getAttribute("address") ?? ""
  }

  view() {
    const profile = this.#profile
    if (this.#error instanceof Failure && this.#error.status === 404) return unknown(this.#address)
    if (profile === null) return html`<div class="stack"><h1 class="unseen">Player</h1>${trouble(this.#error, () => this.#load()) || unknownDeeds()}</div>`
    return html`<div class="stack wide">
      ${head(profile, html`<h1 class="words">${nameOf(profile)}</h1>`)}
      ${session.value?.address === profile.wallet && html`<p class="notice">This is you, as everybody sees you. <a href="/me">Your own profile</a> has your drafts and chats, too.</p>`}
      ${deeds(profile)}
      <arena-history address="${profile.wallet}"></arena-history>
      <arena-bots-of creator="${profile.wallet}"></arena-bots-of>
    </div>`
  }

  async #load() {
    this.#error = null
    this.update()
    try {
      this.#profile = await get("/api/v1/users/{address}", { path: { address: this.#address }, signal: this.life })
      document.title = `${nameOf(this.#profile)} · Arena`
    } catch (error) {
      if (this.life.aborted) return
      this.#error = error
    }
    this.update()
  }
}

/** @param {string} address */
const unknown = (address) => html`<div class="empty stack">
  <h1>Nobody is known by this wallet</h1>
  <p><code class="words">${address}</code></p>
  <p>It has never signed in here. It may be misspelt; or it is somebody who has only looked on so far.</p>
  <p><a class="button" href="/leaderboards">Those who have played</a></p>
</div>`

customElements.define("page-player", Player)
