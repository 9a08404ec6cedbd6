/**
 * What a transaction of the arena does, read from its bytes, before a wallet is asked to sign it.
 *
 * The arena could be wrong, or in wrong hands. A wallet shows little of a program's instruction; here it is taken at
 * its word: this much, for this text, to this bot, and nothing else. docs/program.md has the instructions.
 */

import { fromBase64, toHex } from "./base58.js"
import { takeApart } from "./transaction.js"

const COMPUTE_BUDGET = "ComputeBudget111111111111111111111111111111"

/** The transaction does something else than it was said to. */
export class Untrue extends Error {}

/**
 * @typedef {object} Message
 * @property {string} program
 * @property {string} bot address of its account
 * @property {string} wallet
 * @property {string} messageId
 * @property {string} text
 * @property {number} amount lamports
 */

/**
 * Check that a quote's transaction pays for this message and does nothing else.
 *
 * @param {string} transaction base64
 * @param {Message} message
 * @throws {Untrue}
 */
export async function checkPayment(transaction, message) {
  const { accounts, data } = await theOne(transaction, message.program, message.wallet, "record_message_fee")
  if (accounts[0] !== message.wallet || accounts[2] !== message.bot) throw new Untrue("It pays another bot.")
  const id = uuidBytes(message.messageId)
  if (!same(data.subarray(8, 24), id)) throw new Untrue("It pays for another message.")
  const spoken = new TextEncoder().encode(message.text.normalize("NFC").trim())
  const hash = await sha256(id, spoken)
  if (!same(data.subarray(24, 56), hash)) throw new Untrue("It pays for another text.")
  if (data.length !== 72 || amountAt(data, 56) !== BigInt(message.amount)) throw new Untrue("It pays another amount.")
}

/**
 * Check that a transaction opens this bot, on the terms that it was drafted with, and does nothing else.
 *
 * @param {string} transaction base64
 * @param {{ program: string, wallet: string, bot: import("../../types/api.js").BotResponse }} opening
 * @throws {Untrue}
 */
export async function checkOpening(transaction, { program, wallet, bot }) {
  const { accounts, data } = await theOne(transaction, program, wallet, "create_bot")
  if (accounts[0] !== wallet || accounts[5] !== bot.address) throw new Untrue("It opens another bot.")
  if (data.length !== 109) throw new Untrue("It has another length than it was said to.")
  if (!same(data.subarray(8, 24), uuidBytes(bot.id))) throw new Untrue("It opens another bot.")
  if (toHex(data.subarray(24, 56)) !== bot.objective_hash) throw new Untrue("It commits to another puzzle.")
  if (amountAt(data, 72) !== BigInt(bot.initial_pot)) throw new Untrue("It puts another amount into the pot.")
  const terms = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const agreed =
    amountAt(data, 56) === BigInt(bot.fee_base) &&
    amountAt(data, 64) === BigInt(bot.fee_cap) &&
    amountAt(data, 80) === BigInt(Date.parse(bot.closes_at) / 1000) &&
    amountAt(data, 88) === BigInt(bot.idle_min_messages) &&
    terms.getUint32(96, true) === bot.fee_growth_bps &&
    terms.getUint32(100, true) === bot.idle_after &&
    terms.getUint16(104, true) === bot.pot_bps &&
    terms.getUint16(106, true) === bot.creator_bps &&
    terms.getUint8(108) === (bot.expiry_rule === "creator" ? 1 : 0)
  if (!agreed) throw new Untrue("It opens the bot on other terms.")
}

/**
 * Check that a transaction closes this bot and does nothing else.
 *
 * @param {string} transaction base64
 * @param {{ program: string, bot: string, wallet: string }} bot
 * @throws {Untrue}
 */
export async function checkClosing(transaction, bot) {
  const { accounts } = await theOne(transaction, bot.program, bot.wallet, "close_bot")
  if (accounts[1] !== bot.bot || accounts[2] !== bot.wallet) throw new Untrue("It closes another bot.")
}

/**
 * @param {string} transaction
 * @param {string} program
 * @param {string} wallet
 * @param {string} name of the instruction
 */
async function theOne(transaction, program, wallet, name) {
  const { signers, instructions } = parsed(transaction)
  if (!signers.includes(wallet)) throw new Untrue("It is for another wallet.")
  const own = instructions.filter((instruction) => instruction.program !== COMPUTE_BUDGET)
  const [one] = own
  if (own.length !== 1 || one === undefined || one.program !== program) throw new Untrue("It does more than the arena said.")
  // Anchor's discriminator: the first bytes of the hash of the instruction's name
  const discriminator = (await sha256(new TextEncoder().encode(`global:${name}`))).subarray(0, 8)
  if (!same(one.data.subarray(0, 8), discriminator)) throw new Untrue("It does something else than the arena said.")
  return one
}

/** @param {string} transaction */
function parsed(transaction) {
  try {
    return takeApart(fromBase64(transaction))
  } catch (error) {
    throw new Untrue(`It cannot be read: ${error instanceof Error ? error.message : "nonsense"}.`)
  }
}

/** @param {...Uint8Array} pieces */
export async function sha256(...pieces) {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", whole))
}

/** @param {string} uuid */
export const uuidBytes = (uuid) => Uint8Array.from(uuid.replaceAll("-", "").match(/../g) ?? [], (pair) => parseInt(pair, 16))

/**
 * @param {Uint8Array} data
 * @param {number} offset
 */
function amountAt(data, offset) {
  if (data.length < offset + 8) throw new Untrue("It is cut off.")
  return new DataView(data.buffer, data.byteOffset + offset, 8).getBigUint64(0, true)
}

/**
 * @param {Uint8Array} one
 * @param {Uint8Array} other
 */
function same(one, other) {
  return one.length === other.length && one.every((byte, index) => byte === other[index])
}

