/** A visit to a bot: reads what there is, listens, speaks, pays. Its `conversation` is what pages show. */

import { explain } from "../components/notices.js"
import { Failure, get } from "../lib/api.js"
import { Live } from "../lib/live.js"
import { Store } from "../lib/store.js"
import { refreshBalance } from "../wallet/balance.js"
import { chain } from "../wallet/chain.js"
import { checkPayment } from "../wallet/checks.js"
import { currentToken, renew, session, sign } from "../wallet/session.js"
import { Conversation } from "./conversation.js"
import { pendingAt, remember, settle } from "./pending.js"

/** @typedef {import("./conversation.js").Quote} Quote */
/** @typedef {import("../lib/live.js").ServerFrame} Frame */

const PAGE = 50
const QUOTE_WITHIN = 20_000
const AGAIN_AFTER = 3
const CONNECTED_WITHIN = 6_000
/** Milliseconds after a message in which a hint may have been unlocked. */
const HINTS_AFTER = 1_000

export class Room {
  /** @type {Store<Conversation>} */
  conversation
  /** Why the bot cannot be shown. @type {Store<string | null>} */
  failure = new Store(/** @type {string | null} */ (null))
  /** @type {Live | null} */
  live = null
  longest = 2_000
  /** Whether there are messages before the ones that were read. */
  earlier = false

  #id
  #signal
  #wallet
  #welcomed = false
  /** when it is known which socket to use @type {Promise<void>} */
  #entered
  /** @type {string | null} */
  #session = null
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #hints
  /** who waits for the answer to a `message` frame @type {Map<string, (answer: Quote | Failure) => void>} */
  #quotes = new Map()
  /** who decides whether another price is fine @type {Map<string, (agreed: boolean) => void>} */
  #prices = new Map()

  /**
   * @param {string} id the bot's
   * @param {AbortSignal} signal until when
   * @param {Room | null} [before] the visit of who was here before: what everybody may know is still known
   */
  constructor(id, signal, before = null) {
    this.#id = id
    this.#signal = signal
    this.#wallet = session.value?.address ?? null
    this.conversation = new Store(new Conversation(this.#wallet))
    if (before) {
      this.#said.bot = before.#said.bot
      this.#said.lines = new Map(before.#said.lines)
      this.earlier = before.earlier
    }
    this.#entered = this.#enter()
  }

  get #said() {
    return this.conversation.value
  }

  #changed() {
    this.conversation.changed()
  }

  async #enter() {
    await this.read()
    if (this.#signal.aborted || this.failure.value !== null) return
    const path = await this.#door()
    if (this.#signal.aborted) return
    this.live = new Live(path, {
      token: async (refused) => {
        const token = await currentToken()
        return refused && token !== null ? renew(token) : token
      },
      heard: (frame) => this.#hear(frame),
      signal: this.#signal,
    })
    this.live.connection.subscribe(() => this.#changed(), this.#signal)
    this.#changed()
  }

  /** @returns {Promise<string>} the path of the socket: that of one's own chat, or the one for who only watches */
  async #door() {
    if (this.#wallet !== null) {
      try {
        const { id, websocket } = await get("/api/v1/chats/{bot_id}", { path: { bot_id: this.#id } })
        this.#session = id
        await this.readOwn()
        for (const payment of pendingAt(this.#id, this.#wallet)) {
          if (this.#said.own.has(payment.id)) continue
          this.#said.begin(payment.id, payment.text)
          this.#said.change(payment.id, { stage: "sending", amount: payment.amount })
        }
        return websocket
      } catch (error) {
        // a bot that is over takes no new guests, but can be looked at
        if (!(error instanceof Failure)) throw error
      }
    }
    return `/ws/bots/${this.#id}`
  }

  /** Whether one may speak here. */
  get admitted() {
    return this.#session !== null
  }

  /** Read the bot and the newest of what was said. */
  async read() {
    try {
      const path = { bot_id: this.#id }
      const [bot, page] = await Promise.all([
        get("/api/v1/bots/{bot_id}", { path, signal: this.#signal }),
        get("/api/v1/bots/{bot_id}/messages", { path, query: { limit: PAGE }, signal: this.#signal }).catch(() => null),
      ])
      this.#said.read(bot)
      if (page !== null) {
        if (this.#said.lines.size === 0) this.earlier = page.next_index !== null
        this.#said.addTranscript(page.messages)
      }
      this.failure.value = null
    } catch (error) {
      if (this.#signal.aborted) return
      if (this.#said.bot === null) this.failure.value = explain(error)
    }
    this.#changed()
  }

  /** Read messages before the ones that are there. */
  async readEarlier() {
    const first = Math.min(...this.#said.lines.keys())
    const page = await get("/api/v1/bots/{bot_id}/messages", { path: { bot_id: this.#id }, query: { limit: PAGE, before: first } })
    this.earlier = page.next_index !== null
    this.#said.addTranscript(page.messages)
    this.#changed()
  }

  /** Read one's own messages, whatever became of them. */
  async readOwn() {
    if (this.#session === null) return
    const { messages } = await get("/api/v1/chats/{session_id}/messages", { path: { session_id: this.#session }, query: { limit: PAGE } })
    this.#said.addHistory(messages)
    for (const { id } of messages) settle(id)
    this.#changed()
  }

  /** @param {Frame} frame */
  #hear(frame) {
    switch (frame.type) {
      case "welcome":
        if ("max_text_length" in frame) this.longest = frame.max_text_length
        // what happened between reading and coming in
        if (!this.#welcomed) void this.read()
        this.#welcomed = true
        this.#payAgain()
        break
      case "quote":
        this.#quotes.get(frame.id)?.(frame)
        break
      case "pot":
        if (Number(this.#said.bot?.public["hints_locked"] ?? 0) > 0) {
          clearTimeout(this.#hints)
          this.#hints = setTimeout(() => void this.read(), HINTS_AFTER)
        }
        break
      case "payment":
      case "payment.state":
        settle(frame.id)
        break
      case "error":
        this.#refused(frame)
        break
      case "reply":
      case "refund":
        if (frame.type === "refund" || frame.wallet === this.#wallet) void refreshBalance()
        break
    }
    if (this.#said.apply(frame)) {
      void this.read()
      if (this.#session !== null) void this.readOwn().catch(() => {})
    }
    this.#changed()
  }

  /** @param {Extract<Frame, { type: "error" }>} frame */
  #refused({ id, code, detail, retry_after: after }) {
    if (!id) return
    const failure = new Failure(code, detail, after === null || after === undefined ? {} : { retryAfter: after })
    const waiting = this.#quotes.get(id)
    if (waiting) return waiting(failure)
    const stage = this.#said.own.get(id)?.stage
    if (stage !== "sending") return
    if (failure.passing) {
      this.#said.change(id, { problem: `${detail} Trying again.` })
      setTimeout(() => this.#payAgain(), (after ?? AGAIN_AFTER) * 1_000)
      return
    }
    settle(id)
    this.#said.change(id, { stage: "dead", problem: `${detail} Nothing was paid.` })
  }

  /** Send what was signed and not acknowledged: after a reload, a new connection, or when the arena was busy. */
  #payAgain() {
    if (this.#wallet === null || this.#signal.aborted) return
    for (const { id, transaction } of pendingAt(this.#id, this.#wallet)) this.live?.send({ type: "pay", id, transaction })
  }

  /**
   * Say something: its price is asked for, the transaction is checked and signed, and sent.
   *
   * @param {string} text
   * @param {number} price that was shown: a higher one has to be agreed to
   * @returns {Promise<boolean>} false: the price was not agreed to
   * @throws {Error} nothing was paid, and why
   */
  async say(text, price) {
    const id = crypto.randomUUID()
    this.#said.begin(id, text)
    this.#changed()
    try {
      const quote = await this.#quote(id, text)
      if (quote.amount > price && !(await this.#agreed(id, quote.amount))) {
        this.dismiss(id)
        return false
      }
      await this.#pay(quote, text)
      return true
    } catch (error) {
      this.dismiss(id)
      throw error
    }
  }

  /**
   * @param {string} id
   * @param {string} text
   * @returns {Promise<Quote>}
   */
  async #quote(id, text) {
    await this.#entered
    const ready = await this.live?.ready(CONNECTED_WITHIN)
    /** @type {Promise<Quote | Failure>} */
    const answer = new Promise((resolve) => {
      this.#quotes.set(id, resolve)
      setTimeout(() => resolve(new Failure("timeout", "The arena does not answer. Nothing was paid. Try again.")), QUOTE_WITHIN)
      if (!ready || !this.live?.send({ type: "message", id, text })) resolve(new Failure("unreachable", "There is no connection to the arena right now. Nothing was paid. Try again in a moment."))
    })
    const quote = await answer.finally(() => this.#quotes.delete(id))
    if (quote instanceof Failure) throw quote
    return quote
  }

  /**
   * @param {string} id
   * @param {number} amount
   * @returns {Promise<boolean>}
   */
  #agreed(id, amount) {
    this.#said.change(id, { stage: "pricing", amount })
    this.#changed()
    return new Promise((resolve) => this.#prices.set(id, resolve)).then((agreed) => {
      this.#prices.delete(id)
      return Boolean(agreed)
    })
  }

  /**
   * @param {string} id of a message whose price has changed
   * @param {boolean} agreed
   */
  decide(id, agreed) {
    this.#prices.get(id)?.(agreed)
  }

  /**
   * @param {Quote} quote
   * @param {string} text
   */
  async #pay(quote, text) {
    const { id, amount, message_id: messageId } = quote
    const { bot } = this.#said
    if (bot === null || this.#wallet === null) throw new Error("The bot is not there.")
    this.#said.change(id, { stage: "signing", amount })
    this.#changed()
    await checkPayment(quote.transaction, { program: (await chain()).program_id, bot: bot.address, wallet: this.#wallet, messageId, text, amount })
    const transaction = await sign(quote.transaction)
    remember({ id, bot: this.#id, wallet: this.#wallet, text, amount, transaction, until: quote.valid_until })
    this.#said.change(id, { stage: "sending" })
    this.live?.send({ type: "pay", id, transaction })
    this.#changed()
  }

  /** @param {string} id of a message that came to nothing: forget it */
  dismiss(id) {
    this.#said.own.delete(id)
    this.#changed()
  }
}
