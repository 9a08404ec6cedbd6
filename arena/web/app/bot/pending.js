/**
 * Payments that were signed and of which it is not known yet whether the arena has them.
 *
 * They are kept in the browser from before they are sent until the arena says that it has them, so that neither a
 * reload nor a crash leaves anybody in doubt: `pay` may be sent as often as one likes.
 */

/** @typedef {{ id: string, bot: string, wallet: string, text: string, amount: number, transaction: string, until: number }} Pending */

const KEY = "arena.pending"
const MOST = 32
/** Seconds after the end of its quote in which the arena still knows how a payment stands. */
const AFTERMATH = 3_600

/** @returns {Pending[]} */
function all() {
  const text = localStorage.getItem(KEY)
  return text === null ? [] : JSON.parse(text)
}

/** @param {Pending[]} payments */
const keep = (payments) => localStorage.setItem(KEY, JSON.stringify(payments.slice(-MOST)))

/**
 * @param {string} bot
 * @param {string} wallet
 */
export const pendingAt = (bot, wallet) => all().filter((payment) => payment.bot === bot && payment.wallet === wallet)

/** @param {Pending} payment */
export function remember(payment) {
  const now = Date.now() / 1000
  keep([...all().filter(({ id, until }) => id !== payment.id && until + AFTERMATH > now), payment])
}

/** @param {string} id */
export const settle = (id) => keep(all().filter((payment) => payment.id !== id))
