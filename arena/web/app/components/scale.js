/** Scales of plots: from values to pixels, and the round values to write along an axis. */

/** @typedef {{ at: number, label: string }} Tick */
/** @typedef {readonly [from: number, to: number]} Range */

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** Steps within a day, in milliseconds; all of them divide it. */
const WITHIN_DAY = [1, 5, 15, 30].flatMap((count) => [count * 1000, count * MINUTE]).concat([HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR]).sort((a, b) => a - b)
const DAYS = [1, 2, 7, 14]
const MONTHS = [1, 3, 6, 12, 60, 120]

const second = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" })
const minute = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" })
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" })
const month = new Intl.DateTimeFormat(undefined, { month: "short", year: "numeric" })

/**
 * A straight line from one range to another.
 *
 * @param {Range} domain
 * @param {Range} range
 * @returns {(value: number) => number}
 */
export function linear([from, to], [start, end]) {
  const slope = to === from ? 0 : (end - start) / (to - from)
  return (value) => start + (value - from) * slope
}

/**
 * Round numbers from the one below `from` to the one above `to`, with steps of 1, 2 or 5 times a power of ten.
 *
 * @param {number} from
 * @param {number} to
 * @param {number} most steps
 * @param {boolean} whole only whole numbers
 * @returns {number[]} at least two
 */
export function around(from, to, most, whole) {
  const width = to > from ? to - from : Math.abs(to) || 1
  let exponent = Math.floor(Math.log10(width / most))
  if (whole) exponent = Math.max(0, exponent)
  for (;; exponent++) {
    for (const factor of [1, 2, 5]) {
      // divided, not multiplied by a fraction: 0.3, not 0.30000000000000004
      const step = (/** @type {number} */ count) => (exponent < 0 ? (count * factor) / 10 ** -exponent : count * factor * 10 ** exponent)
      const first = Math.floor(from / step(1))
      const last = Math.max(first + 1, Math.ceil(to / step(1)))
      if (last - first <= most) return Array.from({ length: last - first + 1 }, (_none, index) => step(first + index))
    }
  }
}

/**
 * The same within the range only.
 *
 * @param {number} from
 * @param {number} to
 * @param {number} most
 * @param {boolean} whole
 */
export const within = (from, to, most, whole) => around(from, to, most, whole).filter((value) => value >= from && value <= to)

/**
 * Round local times within a range, written as short as they can be.
 *
 * @param {number} from milliseconds
 * @param {number} to
 * @param {number} most
 * @returns {Tick[]}
 */
export function times(from, to, most) {
  const width = Math.max(to - from, 1)
  const step = WITHIN_DAY.find((length) => width / length <= most)
  if (step !== undefined) return withinDays(from, to, step)
  const days = DAYS.find((count) => width / (count * DAY) <= most)
  const months = MONTHS.find((count) => width / (count * 30 * DAY) <= most) ?? 240
  const ticks = []
  const date = new Date(from)
  date.setHours(0, 0, 0, 0)
  if (days === undefined) date.setDate(1)
  for (; date.getTime() <= to; days === undefined ? date.setMonth(date.getMonth() + 1) : date.setDate(date.getDate() + 1)) {
    // the same days and months are chosen wherever the range begins
    const number = days === undefined ? date.getFullYear() * 12 + date.getMonth() : Math.round((date.getTime() - date.getTimezoneOffset() * MINUTE) / DAY)
    if (date.getTime() < from || number % (days ?? months) !== 0) continue
    ticks.push({ at: date.getTime(), label: (days === undefined ? month : day).format(date) })
  }
  return ticks
}

/**
 * @param {number} from
 * @param {number} to
 * @param {number} step milliseconds, counted from each midnight
 * @returns {Tick[]}
 */
function withinDays(from, to, step) {
  const ticks = []
  const midnight = new Date(from)
  midnight.setHours(0, 0, 0, 0)
  while (midnight.getTime() <= to) {
    const start = midnight.getTime()
    midnight.setDate(midnight.getDate() + 1)
    const end = Math.min(to + 1, midnight.getTime())
    for (let count = step < HOUR ? Math.max(0, Math.ceil((from - start) / step)) : 0; ; count++) {
      // a day has 23 or 25 hours now and then; what is shorter fits between them
      const at = step < HOUR ? start + count * step : new Date(start).setHours((count * step) / HOUR)
      if (at >= end) break
      if (at >= from) ticks.push({ at, label: (at === start && step >= HOUR ? day : step < MINUTE ? second : minute).format(at) })
    }
  }
  return ticks
}

/**
 * The index of the value that is nearest.
 *
 * @param {readonly number[]} ascending at least one
 * @param {number} value
 */
export function nearest(ascending, value) {
  let [low, high] = [0, ascending.length - 1]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (/** @type {number} */ (ascending[middle]) <= value) low = middle
    else high = middle
  }
  return value - /** @type {number} */ (ascending[low]) <= /** @type {number} */ (ascending[high]) - value ? low : high
}
