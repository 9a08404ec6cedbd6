/** What the app has to say, in a corner of the page, and to screen readers. */

import { Failure } from "../lib/api.js"
import { Component } from "../lib/component.js"
import { html, keyed } from "../lib/html.js"
import { Store } from "../lib/store.js"
import { Untrue } from "../wallet/checks.js"
import { isDeclined } from "../wallet/wallet.js"

/** @typedef {{ id: number, kind: "plain" | "good" | "bad", text: string }} Notice */

const STAY = 8_000
const MOST = 4

const notices = new Store(/** @type {readonly Notice[]} */ ([]))
let count = 0

/**
 * @param {string} text
 * @param {Notice["kind"]} [kind] what went wrong stays until it is closed
 */
export function notify(text, kind = "plain") {
  const id = ++count
  notices.value = [...notices.value.filter((notice) => notice.text !== text), { id, kind, text }].slice(-MOST)
  if (kind !== "bad") setTimeout(() => close(id), STAY)
}

/** @param {unknown} error */
export const notifyFailure = (error) => notify(explain(error), isDeclined(error) ? "plain" : "bad")

/**
 * What happened, and what to do.
 *
 * @param {unknown} error
 */
export function explain(error) {
  if (error instanceof Untrue) return `The arena gave out a transaction that is not what it said. ${error.message} It was not signed.`
  if (isDeclined(error)) return "You declined in your wallet. Nothing was signed."
  if (error instanceof Failure || error instanceof Error) return error.message || "Something went wrong. Try again."
  return "Something went wrong. Try again."
}

/** @param {number} id */
function close(id) {
  notices.value = notices.value.filter((notice) => notice.id !== id)
}

class Notices extends Component {
  connected() {
    this.watch(notices)
  }

  view() {
    return html`<div class="toasts" role="log" aria-live="polite" aria-label="Messages of the app">
      ${notices.value.map(({ id, kind, text }) =>
        keyed(
          id,
          html`<div class="toast ${kind}"><span class="words">${text}</span><button class="plain" @click=${() => close(id)} aria-label="Close this message">✕</button></div>`,
        ),
      )}
    </div>`
  }
}

customElements.define("arena-notices", Notices)
