/**
 * A draft's way onto the chain: signed by its creator's wallet, sent, and open once the chain has it.
 *
 * Where it is the arena knows; so it goes on after a reload, and what has been sent is never signed again.
 */

import { Failure, get, post } from "../lib/api.js"
import { Poll } from "../lib/poll.js"
import { Store } from "../lib/store.js"
import { refreshBalance } from "../wallet/balance.js"
import { chain } from "../wallet/chain.js"
import { Untrue, checkOpening } from "../wallet/checks.js"
import { session, sign } from "../wallet/session.js"

/** @typedef {import("../../types/api.js").BotResponse} Bot */
/** @typedef {import("../../types/api.js").DraftBot} DraftBot */
/** @typedef {import("../../types/api.js").DraftResponse} Draft */

const EVERY = 1_000

export class Launch {
  /** As the arena has it; null: it was not read yet. @type {Bot | null} */
  bot = null
  /** What is being done here. @type {"reading" | "signing" | "sending" | null} */
  doing = null
  /** Why the last of that came to nothing. @type {unknown} */
  error = null

  #id
  #signal
  #changes = new Store(0)
  /** a transaction that was just given out @type {string | null} */
  #fresh = null
  /** one that is signed, and was maybe sent: it is sent again as it is @type {{ transaction: string, key: string } | null} */
  #signed = null
  /** @type {AbortController | null} */
  #following = null

  /**
   * @param {string} id
   * @param {Draft | null} draft if it was drafted just now
   * @param {AbortSignal} signal until when
   */
  constructor(id, draft, signal) {
    this.#id = id
    this.#signal = signal
    if (draft === null) void this.read()
    else {
      this.bot = draft.bot
      this.#fresh = draft.transaction
    }
    signal.addEventListener("abort", () => this.#following?.abort())
  }

  /**
   * @param {() => void} heard
   * @param {AbortSignal} signal
   */
  subscribe(heard, signal) {
    this.#changes.subscribe(heard, signal)
  }

  /** Whether somebody can do something about it now. */
  get waits() {
    return this.doing === null && this.bot?.status === "draft"
  }

  /** Ask the arena how it stands. */
  async read() {
    if (this.doing !== null) return
    await this.#do(async () => {
      this.#is("reading")
      await this.#look()
    })
  }

  /** Sign and send it. A second call while that goes on does nothing. */
  async open() {
    if (!this.waits) return
    await this.#do(async () => {
      try {
        this.#signed ??= await this.#sign()
        this.#is("sending")
        await post("/api/v1/bots/{bot_id}/open", { path: { bot_id: this.#id }, body: { transaction: this.#signed.transaction }, idempotencyKey: this.#signed.key })
        this.#signed = null
      } catch (error) {
        // what may have arrived is sent again, anything else is signed anew
        if (!(error instanceof Failure && error.passing)) this.#signed = null
        // it may be on its way all the same: what the arena says of it counts
        await this.#look().catch(() => null)
        if (this.bot?.status === "draft") throw error
        return
      }
      await this.#look()
    })
  }

  async #sign() {
    this.#is("signing")
    const { program_id: program } = await chain()
    const { bot } = this
    if (bot === null) throw new Error("The draft is not known yet.")
    const transaction = this.#fresh ?? (await post("/api/v1/bots/{bot_id}/transaction", { path: { bot_id: this.#id } })).transaction
    this.#fresh = null
    // on the terms that are shown, whatever came with a newer transaction
    await checkOpening(transaction, { program, wallet: session.value?.address ?? "", bot })
    return { transaction: await sign(transaction), key: crypto.randomUUID() }
  }

  async #look() {
    this.#take(await get("/api/v1/bots/{bot_id}", { path: { bot_id: this.#id }, signal: this.#signal }))
  }

  /** @param {Bot} bot */
  #take(bot) {
    this.bot = bot
    if (bot.status === "opening") this.#follow()
    else {
      this.#following?.abort()
      this.#following = null
      void refreshBalance()
    }
    this.#changes.changed()
  }

  /** Ask again and again until it is open, or is a draft again. */
  #follow() {
    if (this.#following !== null) return
    this.#following = new AbortController()
    const poll = new Poll((signal) => get("/api/v1/bots/{bot_id}", { path: { bot_id: this.#id }, signal }), { every: EVERY, signal: this.#following.signal })
    poll.subscribe(() => {
      this.error = poll.error
      if (poll.error === null && poll.value) this.#take(poll.value)
      else this.#changes.changed()
    }, this.#following.signal)
  }

  /** @param {() => Promise<void>} work */
  async #do(work) {
    this.error = null
    try {
      await work()
    } catch (error) {
      if (!this.#signal.aborted) this.error = error
    }
    this.doing = null
    this.#changes.changed()
  }

  /** @param {"reading" | "signing" | "sending"} doing */
  #is(doing) {
    this.doing = doing
    this.#changes.changed()
  }
}

/**
 * Check that a draft is what was asked for.
 *
 * @param {Bot} bot
 * @param {DraftBot} request
 * @throws {Untrue}
 */
export function checkDraft(bot, request) {
  const same = /** @type {const} */ (["kind", "fee_base", "fee_growth_bps", "fee_cap", "initial_pot", "expiry_rule", "idle_after", "idle_min_messages"]).every(
    (name) => bot[name] === request[name],
  )
  if (!same || Math.abs(Date.parse(bot.closes_at) - Date.parse(request.closes_at)) > 1000) throw new Untrue("It drafted other terms than you chose.")
}
