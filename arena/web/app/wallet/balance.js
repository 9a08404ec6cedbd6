/** What the wallet that is signed in holds, as the arena's node has it. */

import { Failure, get } from "../lib/api.js"
import { Store } from "../lib/store.js"
import { faucet } from "./chain.js"
import { session } from "./session.js"

const EVERY = 20_000
/** Milliseconds after which what has just happened is in what the arena says: it remembers balances for a second. */
const SETTLED = 1_500
const GIFT_WITHIN = 10_000
const forever = new AbortController().signal

/** Lamports; null: not known. */
export const balance = new Store(/** @type {number | null} */ (null))

let asked = 0
/** @type {ReturnType<typeof setTimeout> | undefined} */
let again

/** Ask now, and once more in a moment, such as after something was paid. */
export async function refreshBalance() {
  clearTimeout(again)
  again = setTimeout(() => void ask(), SETTLED)
  await ask()
}

/**
 * Take what the faucet gives, and wait until it is there.
 *
 * @param {string} wallet
 */
export async function takeGift(wallet) {
  await ask()
  const before = balance.value ?? 0
  await faucet(wallet)
  for (const end = Date.now() + GIFT_WITHIN; Date.now() < end && session.value?.address === wallet; ) {
    await ask()
    if ((balance.value ?? 0) > before) return
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
}

async function ask() {
  const wallet = session.value?.address
  if (wallet === undefined) {
    balance.value = null
    return
  }
  const turn = ++asked
  try {
    const { lamports } = await get("/api/v1/wallets/{address}", { path: { address: wallet } })
    if (turn === asked) balance.value = lamports
  } catch (error) {
    // the last one known is still the best to show
    if (!(error instanceof Failure)) throw error
  }
}

let shown = session.value?.address
session.subscribe(() => {
  if (session.value?.address === shown) return
  shown = session.value?.address
  asked++
  balance.value = null
  void refreshBalance()
}, forever)
setInterval(() => document.visibilityState === "visible" && session.value && void refreshBalance(), EVERY)
