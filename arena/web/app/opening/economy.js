/**
 * What messages of a bot cost and where the money goes: the same integers as on the chain.
 *
 * Amounts are lamports. Products are made of BigInts: a price times basis points may be more than a number holds exactly.
 */

/** @typedef {{ base: number, growthBps: number, cap: number }} Schedule */
/** @typedef {{ potBps: number, creatorBps: number }} Split */
/** @typedef {{ pot: number, creator: number, platform: number }} Shares */

/**
 * By the number of messages before.
 *
 * @typedef {object} Course
 * @property {number[]} prices of the next message
 * @property {number[]} pots
 * @property {number[]} creators what the creator's shares have come to
 */

export const BPS = 10_000

/**
 * Basis points of an amount, rounded down.
 *
 * @param {number} amount
 * @param {number} bps
 */
export const part = (amount, bps) => Number((BigInt(amount) * BigInt(bps)) / BigInt(BPS))

/**
 * The price after one more message.
 *
 * @param {number} price
 * @param {Schedule} schedule
 */
export const dearer = (price, { growthBps, cap }) => Math.min(cap, price + part(price, growthBps))

/**
 * A fee, divided: pot and creator are rounded down, the rest is the platform's.
 *
 * @param {number} fee
 * @param {Split} split
 * @returns {Shares}
 */
export function divide(fee, { potBps, creatorBps }) {
  const pot = part(fee, potBps)
  const creator = part(fee, creatorBps)
  return { pot, creator, platform: fee - pot - creator }
}

/**
 * How a bot goes on with 0 to `count` messages, if nobody solves it before.
 *
 * @param {Schedule} schedule
 * @param {Split} split
 * @param {number} initialPot
 * @param {number} count
 * @returns {Course}
 */
export function course(schedule, split, initialPot, count) {
  const prices = [schedule.base]
  const pots = [initialPot]
  const creators = [0]
  let [price, pot, creator] = [schedule.base, initialPot, 0]
  for (let messages = 1; messages <= count; messages++) {
    const shares = divide(price, split)
    prices.push((price = dearer(price, schedule)))
    pots.push((pot += shares.pot))
    creators.push((creator += shares.creator))
  }
  return { prices, pots, creators }
}
