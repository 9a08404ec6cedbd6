/** Closing a bot of one's own that nobody has paid. */

import { Asking } from "../components/asking.js"
import { notify } from "../components/notices.js"
import { post } from "../lib/api.js"
import { html } from "../lib/html.js"
import { sol } from "../lib/lamports.js"
import { refreshBalance } from "../wallet/balance.js"
import { chain } from "../wallet/chain.js"
import { checkClosing } from "../wallet/checks.js"
import { session, sign } from "../wallet/session.js"

/** @typedef {import("../../types/api.js").BotSummary} BotSummary */

/** Whether who made a bot may close it: what has ended is closed without. @param {BotSummary} bot */
export const closable = ({ status, message_count: messages }) => messages === 0 && status === "open"

/** @extends {Asking<BotSummary>} */
class Closing extends Asking {
  /** @type {(() => void) | null} told when it is on its way */
  done = null

  /** @param {BotSummary} subject */
  say(subject) {
    const body = html`<p>Nobody has paid it yet. All of its pot, ${sol(subject.pot)}, and the rent of its account go back to your wallet, and the bot is gone for good.</p>
      <p class="soft small">Your wallet is asked to sign one transaction that does this and nothing else.</p>`
    return { title: `Close ${subject.name}?`, button: "Close it", dangerous: true, body }
  }

  /** @param {BotSummary} subject */
  async act(subject) {
    const bot_id = subject.id
    const { program_id: program } = await chain()
    const { transaction } = await post("/api/v1/bots/{bot_id}/closing", { path: { bot_id } })
    await checkClosing(transaction, { program, bot: subject.address, wallet: session.value?.address ?? "" })
    const signed = await sign(transaction)
    await post("/api/v1/bots/{bot_id}/close", { path: { bot_id }, body: { transaction: signed } })
    notify(`${subject.name} is being closed. Its pot is back in your wallet in a moment.`, "good")
    this.done?.()
    void refreshBalance()
  }
}

customElements.define("arena-closing", Closing)
