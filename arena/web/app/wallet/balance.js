/** What the wallet that is signed in holds, as the arena's node has it. */

import { Failure, get } from "../lib/api.js"
import { Store } from "../lib/store.js"
import { session } from "./session.js"

const EVERY = 20_000
const forever = new AbortController().signal

/** Lamports; null: not known. */
export const balance = new Store(/** @type {number | null} */ (null))

let asked = 0

/** Ask now, such as after something was paid. */
export async function refreshBalance() {
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
