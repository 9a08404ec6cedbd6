/** Dialogs that ask before something is done, do it once, and say in their place why it could not be. */

import { Failure } from "../lib/api.js"
import { Component } from "../lib/component.js"
import { html } from "../lib/html.js"
import { explain, notifyFailure } from "./notices.js"

/** @template S what the dialog is about */
export class Asking extends Component {
  /** @type {S | null} null: the dialog is not open */
  subject = null
  #busy = false
  #failure = ""
  /** counts the times it was opened: what belongs to an older one is no longer shown in it */
  #turn = 0

  /** @param {S} subject */
  ask(subject) {
    this.#turn++
    this.#busy = false
    this.#failure = ""
    this.subject = subject
    this.asked(subject)
    this.update()
  }

  /**
   * What to prepare when it is opened.
   *
   * @param {S} _subject
   */
  asked(_subject) {}

  /**
   * @param {S} _subject
   * @returns {{ title: string, button: string, dangerous?: boolean, body: unknown }}
   */
  say(_subject) {
    return { title: "", button: "", body: null }
  }

  /**
   * What is asked for. The dialog closes when it is done, and tells what fails.
   *
   * @param {S} _subject
   * @param {FormData} _form
   * @returns {Promise<void>}
   */
  async act(_subject, _form) {}

  view() {
    if (this.subject === null) return null
    const { title, button, dangerous, body } = this.say(this.subject)
    return html`<dialog aria-labelledby="asking-title" @close=${() => this.#close()} @click=${(/** @type {Event} */ event) => this.#beside(event)}>
      <form class="stack" method="dialog" @submit=${(/** @type {SubmitEvent} */ event) => this.#submit(event)}>
        <div class="dialog-head"><h2 id="asking-title" class="words">${title}</h2><button type="button" class="plain icon" aria-label="Close" @click=${() => this.#close()}>✕</button></div>
        ${body}
        <p role="alert" class="bad" ?hidden=${this.#failure === ""}>${this.#failure}</p>
        <div class="row ends">
          <button type="button" @click=${() => this.#close()}>Cancel</button>
          <button class="${dangerous ? "danger" : "primary"}" aria-disabled=${this.#busy ? "true" : null}>${this.#busy ? "One moment …" : button}</button>
        </div>
      </form>
    </dialog>`
  }

  painted() {
    const dialog = this.querySelector("dialog")
    if (dialog && !dialog.open) dialog.showModal()
  }

  /** @param {SubmitEvent} event */
  async #submit(event) {
    event.preventDefault()
    if (this.#busy || this.subject === null) return
    const turn = this.#turn
    this.#busy = true
    this.#failure = ""
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target))
    this.update()
    try {
      await this.act(this.subject, form)
      if (turn === this.#turn) this.#close()
    } catch (error) {
      if (turn !== this.#turn) return notifyFailure(error)
      this.#failure = worded(error)
    }
    if (turn === this.#turn) this.#busy = false
    this.update()
  }

  /**
   * A click on what is behind the dialog closes it, unless that would lose what was typed.
   *
   * @param {Event} event
   */
  #beside(event) {
    if (event.target === event.currentTarget && !this.querySelector("input, textarea")) this.#close()
  }

  #close() {
    if (this.subject === null) return
    this.#turn++
    this.subject = null
    // closing, rather than taking it away, gives the focus back to where it was
    this.querySelector("dialog")?.close()
    this.update()
  }
}

/**
 * @param {unknown} error
 * @returns {string} with what is wrong with each field, if the arena says so
 */
export function worded(error) {
  if (!(error instanceof Failure) || !Array.isArray(error.document.errors)) return explain(error)
  const fields = /** @type {{ field?: string, message?: string }[]} */ (error.document.errors)
  return fields.map(({ field, message }) => `${field ? `${field}: ` : ""}${message ?? ""}`).join("; ") || explain(error)
}
