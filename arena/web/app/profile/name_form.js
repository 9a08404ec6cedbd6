/** Choosing a name, or giving it back. */

import { explain, notify } from "../components/notices.js"
import { Failure, patch } from "../lib/api.js"
import { Component } from "../lib/component.js"
import { html } from "../lib/html.js"
import { session } from "../wallet/session.js"

const OF_THE_NAME = new Set(["username_taken", "username_invalid", "validation_failed"])

class NameForm extends Component {
  /** @type {string | null} as it is now */
  #name = null
  /** @type {string | null} null: nothing was typed since */
  #typed = null
  #busy = false
  /** what is wrong with what was typed */
  #wrong = ""
  /** why it could not be changed otherwise */
  #failure = ""

  /** @param {string | null} name as it is now */
  set username(name) {
    this.#name = name
    this.update()
  }

  view() {
    const busy = this.#busy ? "true" : null
    return html`<form class="card stack" aria-labelledby="name-heading" novalidate @submit=${(/** @type {SubmitEvent} */ event) => this.#submit(event)}>
      <h2 id="name-heading">Name</h2>
      <div class="field">
        <label for="username">What others call you</label>
        <div class="row name-row">
          <input id="username" name="username" autocomplete="nickname" autocapitalize="off" spellcheck="false" maxlength="64" .value=${this.#typed ?? this.#name ?? ""} aria-invalid=${this.#wrong ? "true" : null} aria-describedby="username-help username-wrong" @input=${(/** @type {Event} */ event) => this.#type(event)}>
          <button class="primary" aria-disabled=${busy}>${this.#name === null ? "Take this name" : "Change name"}</button>
          ${this.#name !== null && html`<button type="button" aria-disabled=${busy} @click=${() => this.#set(null)}>Give it back</button>`}
        </div>
        <span id="username-help" class="help">3 to 20 of the letters A to Z, digits, _ and -. Without one you are known by your wallet.</span>
        <span id="username-wrong" class="wrong" role="alert">${this.#wrong}</span>
      </div>
      <p class="bad" role="alert" ?hidden=${this.#failure === ""}>${this.#failure}</p>
    </form>`
  }

  /** @param {Event} event */
  #type(event) {
    this.#typed = /** @type {HTMLInputElement} */ (event.target).value
    this.#wrong = ""
    this.update()
  }

  /** @param {SubmitEvent} event */
  #submit(event) {
    event.preventDefault()
    const wanted = (this.#typed ?? this.#name ?? "").trim()
    if (wanted === "") this.#say("Type a name first.")
    else if (wanted !== this.#name) void this.#set(wanted)
  }

  /** @param {string} wrong */
  #say(wrong) {
    this.#wrong = wrong
    this.update()
    this.querySelector("input")?.focus()
  }

  /** @param {string | null} wanted null: none */
  async #set(wanted) {
    if (this.#busy) return
    this.#busy = true
    this.#wrong = ""
    this.#failure = ""
    this.update()
    try {
      const { username, wallet } = await patch("/api/v1/users/me", { body: { username: wanted } })
      this.#name = username
      this.#typed = null
      if (session.value?.address === wallet) session.value = { ...session.value, username }
      notify(username === null ? "You are known by your wallet again." : `You are ${username} from now on.`, "good")
      this.dispatchEvent(new CustomEvent("renamed"))
    } catch (error) {
      if (error instanceof Failure && OF_THE_NAME.has(error.code)) this.#say(error.message)
      else this.#failure = explain(error)
    }
    this.#busy = false
    this.update()
  }
}

customElements.define("arena-name-form", NameForm)
