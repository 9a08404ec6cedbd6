/** Replacing what a bot of one's own pays its language model with. */

import { Asking } from "../components/asking.js"
import { notify } from "../components/notices.js"
import { put } from "../lib/api.js"
import { html } from "../lib/html.js"

/** @typedef {import("../../types/api.js").BotSummary} BotSummary */

const OVER = new Set(["solved", "closing", "closed"])

/** Whether a bot thinks with a service that may be paid for by its creator. @param {BotSummary} bot */
export const hasCredentials = ({ kind, status }) => kind === "llm" && !OVER.has(status)

/** @extends {Asking<BotSummary>} */
class Credentials extends Asking {
  /** @param {BotSummary} subject */
  say(subject) {
    const body = html`<p class="soft small">The old key is replaced, from the next message on. Nothing ever shows a key again, to you neither.</p>
      <label>API key<input type="password" name="key" autocomplete="new-password" spellcheck="false" maxlength="500"><span class="help">Empty for a bot that uses the arena's own model.</span></label>`
    return { title: `Replace the key of ${subject.name}`, button: "Replace it", body }
  }

  /**
   * @param {BotSummary} subject
   * @param {FormData} form
   */
  async act(subject, form) {
    const key = String(form.get("key") ?? "").trim()
    await put("/api/v1/bots/{bot_id}/credentials", { path: { bot_id: subject.id }, body: { credentials: key === "" ? {} : { api_key: key } } })
    notify(`${subject.name} has its new key.`, "good")
  }
}

customElements.define("arena-credentials", Credentials)
