/** Solana's transactions on the wire: taken apart, and signed. https://solana.com/docs/core/transactions */

import { toBase58 } from "./base58.js"

/**
 * @typedef {object} Instruction
 * @property {string} program
 * @property {string[]} accounts
 * @property {Uint8Array} data
 */

/**
 * @typedef {object} Transaction
 * @property {Uint8Array} bytes all of it
 * @property {Uint8Array} message what is signed
 * @property {number} signaturesAt where the signatures begin
 * @property {string[]} signers the first of them pays the network
 * @property {Instruction[]} instructions
 */

const SIGNATURE = 64
const KEY = 32

/**
 * @param {Uint8Array} bytes
 * @returns {Transaction}
 * @throws {RangeError} it is none, or looks accounts up in tables, which the arena's never do
 */
export function takeApart(bytes) {
  const reader = new Reader(bytes)
  const signatureCount = reader.count()
  const signaturesAt = reader.at
  reader.take(signatureCount * SIGNATURE)
  const message = bytes.subarray(reader.at)
  let signerCount = reader.byte()
  const versioned = signerCount >= 0x80
  if (versioned) {
    if (signerCount !== 0x80) throw new RangeError("a transaction of an unknown version")
    signerCount = reader.byte()
  }
  reader.take(2)
  const keys = reader.list(() => toBase58(reader.take(KEY)))
  reader.take(KEY)
  const key = () => {
    const found = keys[reader.byte()]
    if (found === undefined) throw new RangeError("an account that the transaction does not name")
    return found
  }
  const instructions = reader.list(() => ({
    program: key(),
    accounts: reader.list(key),
    data: reader.take(reader.count()),
  }))
  if (versioned && reader.count() !== 0) throw new RangeError("a transaction that looks up accounts")
  if (reader.at !== bytes.length) throw new RangeError("something after the transaction's end")
  if (signerCount !== signatureCount) throw new RangeError("a transaction with places missing for signatures")
  return { bytes, message, signaturesAt, signers: keys.slice(0, signerCount), instructions }
}

/**
 * @param {Transaction} transaction
 * @param {string} address whose signature it is
 * @param {Uint8Array} signature
 * @returns {Uint8Array} the transaction with the signature in its place
 */
export function withSignature(transaction, address, signature) {
  const place = transaction.signers.indexOf(address)
  if (place < 0) throw new RangeError("this wallet is not asked to sign")
  const signed = transaction.bytes.slice()
  signed.set(signature, transaction.signaturesAt + place * SIGNATURE)
  return signed
}

class Reader {
  at = 0

  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes
  }

  /** @param {number} length */
  take(length) {
    if (this.at + length > this.bytes.length) throw new RangeError("the transaction ends too early")
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }

  byte() {
    return /** @type {number} */ (this.take(1)[0])
  }

  /** A number in Solana's short form: seven bits a byte, the lowest first. */
  count() {
    let number = 0
    for (let shift = 0; shift < 21; shift += 7) {
      const byte = this.byte()
      number |= (byte & 0x7f) << shift
      if (byte < 0x80) return number
    }
    throw new RangeError("a count that is too large")
  }

  /**
   * @template T
   * @param {() => T} read
   * @returns {T[]}
   */
  list(read) {
    return Array.from({ length: this.count() }, read)
  }
}
