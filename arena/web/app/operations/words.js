/** Figures for operators, in little room. */

import { at, clock } from "../lib/time.js"

/**
 * A time that passed, never broken into two lines.
 *
 * @param {number | null | undefined} seconds
 */
export function span(seconds) {
  if (seconds === null || seconds === undefined) return "–"
  if (seconds >= 59.5) return clock(seconds)
  return inUnits(seconds).replaceAll(" ", "\u00a0")
}

/** @param {number} seconds less than a minute */
function inUnits(seconds) {
  if (seconds === 0) return "0 s"
  if (seconds < 0.001) return "< 1 ms"
  if (seconds < 0.0995) return `${Math.round(seconds * 1000)} ms`
  return seconds < 9.95 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`
}

const grouping = new Intl.NumberFormat("en", { maximumFractionDigits: 1 })

/** @param {number | null | undefined} number */
export const count = (number) => (number === null || number === undefined ? "–" : grouping.format(number))

/**
 * What an actor says of itself, as lines of text.
 *
 * @param {unknown} value
 * @param {string} [name] what ends in `_at` and is a number is a time in Unix seconds
 */
export function told(value, name = "") {
  if (value === null || value === undefined) return "–"
  if (typeof value === "number") return name.endsWith("_at") && value > 1e9 ? at(new Date(value * 1000)) : count(value)
  return typeof value === "object" ? JSON.stringify(value, null, 2) : String(value)
}
