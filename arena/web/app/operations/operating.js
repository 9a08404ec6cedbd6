/** Restarting and stopping actors, and letting halted bots go on: never without a question, and a reason if there is one. */

import { Asking } from "../components/asking.js"
import { notify } from "../components/notices.js"
import { post } from "../lib/api.js"
import { html } from "../lib/html.js"
import { Store } from "../lib/store.js"

/** @typedef {{ operation: "restart" | "stop", path: string, kind: string }} Operation */
/** @typedef {{ id: string, name: string, upTo: number, unknown: number }} Resumption */

/** Changes with each operation: what is shown of the tree, of bots and of the audit log is old then. */
export const operated = new Store(0)

/**
 * @param {string} what
 * @param {boolean} recorded
 */
function done(what, recorded) {
  notify(recorded ? what : `${what} The audit log will have it when the database is back.`, "good")
  operated.value++
}

const reasonField = () => html`<label>Reason<input name="reason" maxlength="500" autocomplete="off"><span class="help">For the audit log. One line.</span></label>`

/** @param {FormData} form */
const reasonIn = (form) => String(form.get("reason") ?? "").trim()

/** @extends {Asking<Operation>} */
class Operating extends Asking {
  /** @param {Operation} subject */
  say({ operation, path, kind }) {
    const words =
      operation === "restart"
        ? html`<p>It has a few seconds for the message at hand. What is queued stays, and its state comes back from what was committed.</p><p class="soft small">The strategy of what is above it decides who else is restarted${path === "/journal" && ": with the journal that is the whole game"}.</p>`
        : html`<p>${["bots", "sessions", "settlements"].includes(kind) ? "It comes back with its next message." : "It stays down until somebody restarts it."} What is queued becomes dead letters.</p>`
    const body = html`<p><code class="words">${path}</code></p>${words}${reasonField()}`
    return operation === "restart" ? { title: "Restart this actor?", button: "Restart", body } : { title: "Stop this actor?", button: "Stop it", dangerous: true, body }
  }

  /**
   * @param {Operation} subject
   * @param {FormData} form
   */
  async act({ operation, path }, form) {
    const options = { path: { path: path.slice(1) }, body: { reason: reasonIn(form) } }
    const { recorded } = operation === "restart" ? await post("/admin/actors/{path}/restart", options) : await post("/admin/actors/{path}/stop", options)
    done(`${path} is being ${operation === "restart" ? "restarted" : "stopped"}.`, recorded)
  }
}

/** @extends {Asking<Resumption>} */
class Resuming extends Asking {
  /** @param {Resumption} subject */
  say({ name, upTo, unknown }) {
    const body = html`<p>The chain is taken at its word up to event ${upTo}: fees that nobody knows are refunded in their turn, payouts that the rules allow are taken over.</p>
      <p>${unknown === 1 ? "One event has" : `${unknown} events have`} not been taken in. What contradicts the database halts the bot again.</p>${reasonField()}`
    return { title: `Let ${name} go on?`, button: "Let it go on", dangerous: true, body }
  }

  /**
   * @param {Resumption} subject
   * @param {FormData} form
   */
  async act({ id, name, upTo }, form) {
    const { recorded } = await post("/admin/bots/{bot_id}/resume", { path: { bot_id: id }, body: { reason: reasonIn(form), up_to: upTo } })
    done(`${name} goes on.`, recorded)
  }
}

customElements.define("arena-operating", Operating)
customElements.define("arena-resuming", Resuming)
