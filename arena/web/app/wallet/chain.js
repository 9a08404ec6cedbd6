/** Which chain the arena plays on, asked once. */

import { get, post } from "../lib/api.js"

/** @typedef {import("../../types/api.js").ChainResponse} Chain */

/** @type {Promise<Chain> | null} */
let asked = null

/** @returns {Promise<Chain>} */
export function chain() {
  asked ??= get("/api/v1/chain").catch((error) => {
    asked = null
    throw error
  })
  return asked
}

/**
 * Where a transaction or an account can be looked at; null: the local chain is nowhere but here.
 *
 * @param {Chain} on
 * @param {"tx" | "address"} kind
 * @param {string} id
 */
export function explorer(on, kind, id) {
  if (on.chain === "localnet") return null
  return `https://explorer.solana.com/${kind}/${id}${on.chain === "mainnet" ? "" : `?cluster=${on.chain}`}`
}

/** What the faucet gives at a time. */
export const GIFT = 2_000_000_000

/**
 * Money of the local chain.
 *
 * @param {string} address
 */
export const faucet = (address) =>
  post("/api/v1/faucet", { body: { address, lamports: GIFT }, idempotencyKey: crypto.randomUUID() })
