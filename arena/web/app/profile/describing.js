/** Describing a bot of one's own anew. */

import { Asking } from "../components/asking.js"
import { explain, notify } from "../components/notices.js"
import { Failure, get, patch } from "../lib/api.js"
import { html } from "../lib/html.js"

/** @typedef {import("../../types/api.js").BotSummary} BotSummary */
/** @typedef {import("../../types/api.js").BotResponse} Bot */

const LONGEST = 1_000

/** @extends {Asking<BotSummary>} */
class Describing extends Asking {
  /** @type {Bot | null} as it was read last: what is typed is to replace this */
  #bot = null
  #failure = ""
  /** @type {string | null} what somebody else has written meanwhile */
  #meanwhile = null

  /** @param {BotSummary} subject */
  asked(subject) {
    this.#bot = null
    this.#meanwhile = null
    void this.#read(subject)
  }

  /** @param {BotSummary} subject */
  async #read(subject) {
    this.#failure = ""
    try {
      const bot = await get("/api/v1/bots/{bot_id}", { path: { bot_id: subject.id }, signal: this.life })
      if (this.subject === subject) this.#bot = bot
    } catch (error) {
      this.#failure = explain(error)
    }
    this.update()
  }

  /** @param {BotSummary} subject */
  say(subject) {
    const bot = this.#bot
    const body = html`
      <p class="soft small">It is shown beside your bot, and is no part of the puzzle that it is committed to. Everybody can read it.</p>
      ${this.#failure && html`<p class="notice bad" role="alert">${this.#failure} <button type="button" @click=${() => this.#read(subject)}>Try again</button></p>`}
      <label>Description<textarea name="description" rows="6" maxlength="${LONGEST}" dir="auto" ?disabled=${bot === null} .value=${bot?.description ?? ""}></textarea><span class="help">At most ${LONGEST} characters. It may be empty.</span></label>
      ${this.#meanwhile !== null && html`<div class="notice" role="alert"><p>It has been changed meanwhile, such as in another tab, to:</p><p class="words" dir="auto">${this.#meanwhile || "nothing"}</p><p>Save again to replace that with what you wrote.</p></div>`}`
    return { title: `Describe ${subject.name}`, button: "Save", body }
  }

  /**
   * @param {BotSummary} subject
   * @param {FormData} form
   */
  async act(subject, form) {
    if (this.#bot === null) throw new Error("It is still being read. Try again in a moment.")
    const description = String(form.get("description") ?? "")
    try {
      await patch("/api/v1/bots/{bot_id}", { path: { bot_id: subject.id }, body: { description, revision: this.#bot.revision } })
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== "bot_changed") throw error
      const bot = await get("/api/v1/bots/{bot_id}", { path: { bot_id: subject.id } })
      this.#meanwhile = bot.description
      // the text in the form is the newer wish: only what it replaces is another one
      this.#bot = { ...this.#bot, revision: bot.revision }
      throw new Error("It has not been saved yet.")
    }
    notify(`${subject.name} is described as you wish.`, "good")
  }
}

customElements.define("arena-describing", Describing)
