/** What is known of a bot and of what was said to it: told by the API and by frames, in any order, put together here. */

/** @typedef {import("../../types/api.js").BotResponse} Bot */
/** @typedef {import("../../types/api.js").TranscriptMessage} TranscriptMessage */
/** @typedef {import("../../types/api.js").OwnMessage} OwnMessage */
/** @typedef {import("../../types/frames.js").QuoteFrame} Quote */
/** @typedef {import("../lib/live.js").ServerFrame} Frame */

/**
 * A message that was judged, with the reply.
 *
 * @typedef {object} Line
 * @property {number} index
 * @property {string | null} id the client's, of one's own
 * @property {string} wallet
 * @property {string | null} username
 * @property {string} text
 * @property {string} reply
 * @property {"solved" | "unsolved"} verdict
 * @property {number | null} amount null: not told yet
 * @property {string | null} signature of its payment
 */

/**
 * How far a message of one's own is:
 * asking (for its price), pricing (the price is another one than was shown, and is to be agreed to), signing, sending
 * (to the arena), paying (the arena has it, and sends it to the chain), paid (the chain has it, the bot thinks),
 * judged, refunding, refunded, dead (nothing was paid).
 *
 * @typedef {"asking" | "pricing" | "signing" | "sending" | "paying" | "paid" | "judged" | "refunding" | "refunded" | "dead"} Stage
 */

/**
 * A message of one's own that is not a line, or not yet.
 *
 * @typedef {object} Own
 * @property {string} id the client's
 * @property {string} text
 * @property {number | null} amount
 * @property {Stage} stage
 * @property {number | null} index
 * @property {string | null} signature
 * @property {string} reply as far as the bot has said it
 * @property {string | null} problem why it came to nothing, or why it takes so long
 * @property {string | null} reason for a refund
 */

const REASONS = /** @type {const} */ ({
  late: "Somebody had solved the bot before your message reached it. Your fee goes back.",
  unjudged: "The bot could not judge your message. Your fee goes back.",
  spending_limit: "The bot has spent for today what it may. Your fee goes back.",
})
const TAKEN_BACK = "The chain took the payment back; it is being sent again."
const ORDER = /** @type {readonly Stage[]} */ (["asking", "pricing", "signing", "sending", "paying", "paid", "judged"])

export class Conversation {
  /** @type {Bot | null} */
  bot = null
  /** @type {Map<number, Line>} by index */
  lines = new Map()
  /** @type {Map<string, Own>} by the client's id, in the order in which they were said */
  own = new Map()
  players = 0
  watching = 0
  /** @type {string | null} the transaction that paid the winner, once it is known */
  rewarded = null

  /** @param {string | null} wallet one's own */
  constructor(wallet) {
    this.wallet = wallet
  }

  /** The lines in the order of the chain. */
  get inOrder() {
    return [...this.lines.values()].sort((one, other) => one.index - other.index)
  }

  /** @param {Bot} bot as it was read */
  read(bot) {
    const known = this.bot
    const newer = known !== null && known.message_count > bot.message_count
    this.bot = newer ? { ...bot, pot: known.pot, next_price: known.next_price, message_count: known.message_count } : bot
  }

  /** @param {readonly TranscriptMessage[]} messages */
  addTranscript(messages) {
    for (const { message_index, wallet, username, text, reply, verdict, amount, signature } of messages) {
      const id = this.lines.get(message_index)?.id ?? null
      this.lines.set(message_index, { index: message_index, id, wallet, username, text, reply, verdict, amount, signature })
    }
  }

  /** @param {readonly OwnMessage[]} messages the newest first, as they are read */
  addHistory(messages) {
    /** @type {Own[]} */
    const older = []
    for (const message of messages) {
      if (message.verdict !== null && message.message_index !== null && message.status === "judged") {
        this.#judged(message.id, {
          index: message.message_index,
          id: message.id,
          wallet: this.wallet ?? "",
          username: this.lines.get(message.message_index)?.username ?? null,
          text: message.text ?? "",
          reply: message.reply ?? "",
          verdict: message.verdict,
          amount: message.amount,
          signature: message.signature,
        })
        continue
      }
      const known = this.own.get(message.id)
      if (known && known.stage !== message.status && later(known.stage, message.status)) continue
      older.unshift({
        id: message.id,
        text: message.text ?? "",
        amount: message.amount,
        stage: message.status,
        index: message.message_index,
        signature: message.signature,
        reply: known?.reply ?? "",
        problem: message.status === "dead" ? (known?.problem ?? "Nothing was paid.") : null,
        reason: message.refund_reason,
      })
    }
    const rest = [...this.own.values()].filter(({ id }) => older.every((message) => message.id !== id))
    this.own = new Map([...older, ...rest].map((message) => [message.id, message]))
  }

  /**
   * @param {string} id
   * @param {string} text
   * @returns {Own} a new message of one's own
   */
  begin(id, text) {
    const own = { id, text, amount: null, stage: /** @type {Stage} */ ("asking"), index: null, signature: null, reply: "", problem: null, reason: null }
    this.own.set(id, own)
    return own
  }

  /**
   * @param {string} id
   * @param {Partial<Own>} changes
   */
  change(id, changes) {
    const own = this.own.get(id)
    if (own) this.own.set(id, { ...own, ...changes })
  }

  /**
   * @param {Frame} frame
   * @returns {boolean} whether it says that more is to be read: something final has happened, or something was lost
   */
  apply(frame) {
    switch (frame.type) {
      case "presence":
        this.players = frame.players
        this.watching = frame.watching
        return false
      case "pot":
        if (this.bot && frame.message_count >= this.bot.message_count) this.#books(frame)
        return false
      case "rollback":
        this.#books(frame)
        for (const line of this.lines.values()) if (line.index > frame.message_count) this.#takeBack(line)
        return false
      case "reply.delta": {
        const own = this.own.get(frame.id)
        if (own && own.stage !== "judged") this.change(frame.id, { stage: "paid", reply: own.reply + frame.text })
        return false
      }
      case "reply":
        this.#judged(frame.id, {
          index: frame.message_index,
          id: frame.wallet === this.wallet ? frame.id : null,
          wallet: frame.wallet,
          username: this.lines.get(frame.message_index)?.username ?? this.#nameOf(frame.wallet),
          text: frame.text,
          reply: frame.reply,
          verdict: frame.verdict,
          amount: this.own.get(frame.id)?.amount ?? null,
          signature: this.own.get(frame.id)?.signature ?? null,
        })
        return false
      case "payment":
        this.#payment(frame)
        return false
      case "payment.state":
        if (this.own.has(frame.id)) this.#state(frame.id, frame.status)
        return false
      case "refund":
        this.#refund(frame)
        return false
      case "settlement":
        this.#settlement(frame)
        return true
      case "error":
        return frame.code === "seq_unknown"
      default:
        return false
    }
  }

  /** @param {{ pot: number, message_count: number, next_price: number }} books */
  #books({ pot, message_count, next_price }) {
    if (this.bot) this.bot = { ...this.bot, pot, message_count, next_price }
  }

  /** @param {Line} line that does not count; one's own is on its way again */
  #takeBack({ index, id, text, amount, signature }) {
    this.lines.delete(index)
    if (id !== null) this.own.set(id, { id, text, amount, stage: "paying", index: null, signature, reply: "", problem: TAKEN_BACK, reason: null })
  }

  /**
   * @param {string} id
   * @param {Line} line
   */
  #judged(id, line) {
    const known = this.lines.get(line.index)
    this.lines.set(line.index, { ...line, amount: line.amount ?? known?.amount ?? null, signature: line.signature ?? known?.signature ?? null })
    this.own.delete(id)
  }

  /** @param {Extract<Frame, { type: "payment" }>} frame */
  #payment(frame) {
    const own = this.own.get(frame.id)
    if (!own) return
    const { signature, message_index: index = null } = frame
    switch (frame.status) {
      case "accepted":
        if (later("paying", own.stage)) this.change(frame.id, { stage: "paying", signature, problem: null })
        return
      case "confirmed":
        if (later("paid", own.stage)) this.change(frame.id, { stage: "paid", signature, index, problem: null })
        return
      case "taken_back":
        this.change(frame.id, { stage: "paying", index: null, reply: "", problem: TAKEN_BACK })
        return
      case "failed":
      case "expired":
        this.change(frame.id, { stage: "dead", signature, problem: frame.detail ?? "Nothing was paid." })
    }
  }

  /**
   * @param {string} id
   * @param {import("../../types/frames.js").MessageStatus} status
   */
  #state(id, status) {
    const own = this.own.get(id)
    if (own && later(status, own.stage)) this.change(id, { stage: status, ...(status === "dead" ? { problem: own.problem ?? "Nothing was paid." } : {}) })
  }

  /** @param {Extract<Frame, { type: "refund" }>} frame */
  #refund(frame) {
    for (const own of this.own.values()) {
      if (own.id !== frame.id && own.index !== frame.message_index) continue
      const stage = frame.status === "due" ? "refunding" : "refunded"
      this.change(own.id, { stage, amount: frame.amount, reason: frame.reason ?? own.reason })
    }
  }

  /** @param {Extract<Frame, { type: "settlement" }>} frame */
  #settlement(frame) {
    if (!this.bot) return
    const { winner = null, message_index: winning_index = null, reward = null, signature = null } = frame
    switch (frame.status) {
      case "solved":
        this.bot = { ...this.bot, status: "solved", winner, winning_index, reward }
        return
      case "paid":
        this.rewarded = signature
        return
      case "expired":
      case "halted":
        this.bot = { ...this.bot, status: frame.status }
    }
  }

  /** @param {string} wallet */
  #nameOf(wallet) {
    for (const line of this.lines.values()) if (line.wallet === wallet && line.username !== null) return line.username
    return null
  }
}

/**
 * @param {Stage} one
 * @param {Stage} other
 * @returns {boolean} whether a message may go on from the second stage to the first
 */
function later(one, other) {
  const [to, from] = [ORDER.indexOf(one), ORDER.indexOf(other)]
  // what is not on the straight way (refunds, nothing paid) comes after all that is
  return to < 0 ? other !== "refunded" : from >= 0 && to > from
}

/** @param {string | null} reason */
export const refundReason = (reason) => (reason !== null && reason in REASONS ? REASONS[/** @type {keyof typeof REASONS} */ (reason)] : "Your fee goes back.")
