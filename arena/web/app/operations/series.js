/** The last hour in figures, put together from the answers to polls. Pure functions. */

/** @typedef {import("../../types/api.js").FiguresResponse} Figures */
/** @typedef {keyof Figures["series"]} Name */
/** @typedef {(number | null)[]} Series */

/** Seconds that are kept. */
const HOUR = 3_600
/** Seconds for which the last number that is known counts as the newest. */
const RECENT = 60

/**
 * What was known, with what came after it; steps that nobody told of are not known. What was known is dropped if it
 * does not go on there: the steps are of another length, or time went back.
 *
 * @param {Figures | null} before
 * @param {Figures} answer to a question with `since`, if `before` was there
 * @returns {Figures}
 */
export function joined(before, answer) {
  if (before === null || before.step !== answer.step || answer.until < before.until) return answer
  const most = Math.round(HOUR / answer.step)
  const passed = Math.round((answer.until - before.until) / answer.step)
  const series = /** @type {Figures["series"]} */ (
    Object.fromEntries(
      Object.entries(answer.series).map(([name, news]) => {
        const told = /** @type {Series} */ (news)
        const known = /** @type {Series} */ (before.series[/** @type {Name} */ (name)] ?? [])
        const missing = Math.min(most, Math.max(0, passed - told.length))
        return [name, [...known, ...Array(missing).fill(null), ...told].slice(-most)]
      }),
    )
  )
  return { ...answer, series }
}

/**
 * @param {Figures} figures
 * @param {Name} name
 * @returns {number | null} the newest number; null: none is known of the last minute
 */
export function newest({ series, step }, name) {
  const recent = /** @type {Series} */ (series[name]).slice(-Math.round(RECENT / step))
  return recent.reverse().find((number) => number !== null) ?? null
}

/**
 * @param {Figures} figures
 * @param {Name} name
 * @returns {number} of the whole hour
 */
export const sum = ({ series }, name) => /** @type {Series} */ (series[name]).reduce((/** @type {number} */ whole, number) => whole + (number ?? 0), 0)

/**
 * The steps of which anything is known: what is measured only now and then is a line from one time to the next.
 *
 * @param {readonly number[]} xs
 * @param {readonly Series[]} series
 * @returns {{ xs: number[], series: Series[] }}
 */
export function measured(xs, series) {
  const steps = xs.flatMap((_x, index) => (series.some((values) => (values[index] ?? null) !== null) ? [index] : []))
  return { xs: steps.map((index) => xs[index] ?? 0), series: series.map((values) => steps.map((index) => values[index] ?? null)) }
}

/**
 * @param {Figures} figures
 * @returns {number[]} when each step ended, in milliseconds since 1970
 */
export const ends = ({ series, step, until }) => series.requests.map((_rate, index, all) => (until - (all.length - 1 - index) * step) * 1000)
