/** Ending all sessions of one's wallet, in every browser and program. */

import { Asking } from "../components/asking.js"
import { notify } from "../components/notices.js"
import { remove } from "../lib/api.js"
import { Component } from "../lib/component.js"
import { html } from "../lib/html.js"
import { signOut } from "../wallet/session.js"

/** @extends {Asking<null | true>} */
class SigningOut extends Asking {
  say() {
    const body = html`<p>Every browser and program that is signed in with this wallet has to sign in again. Payments that are under way are judged and won all the same.</p>`
    return { title: "Sign out everywhere?", button: "Sign out everywhere", dangerous: true, body }
  }

  async act() {
    await remove("/api/v1/auth/sessions")
    await signOut()
    notify("Signed out everywhere.", "good")
  }
}

class Leaving extends Component {
  view() {
    return html`<section class="card stack" aria-labelledby="leaving">
      <h2 id="leaving">Sessions</h2>
      <p class="soft">Lost a device, or signed in on one that others use? End all sessions of this wallet at once.</p>
      <p><button class="danger" @click=${() => /** @type {SigningOut} */ (this.querySelector("arena-signing-out")).ask(true)}>Sign out everywhere</button></p>
      <arena-signing-out></arena-signing-out>
    </section>`
  }
}

customElements.define("arena-signing-out", SigningOut)
customElements.define("arena-leaving", Leaving)
