/** Amounts: integers of lamports inside, SOL with as many digits as they have outside. No floats in between. */

import { html } from "./html.js"

export const LAMPORTS_PER_SOL = 1_000_000_000

/**
 * All of it: `1.5`, `0.000005`, `-2`.
 *
 * @param {number} lamports
 */
export function exact(lamports) {
  const digits = String(Math.abs(lamports)).padStart(10, "0")
  const fraction = digits.slice(-9).replace(/0+$/, "")
  return `${lamports < 0 ? "-" : ""}${grouped(digits.slice(0, -9))}${fraction && `.${fraction}`}`
}

/**
 * Enough of it to read: at least three digits that count and three places, the rest cut off. Never more than it is.
 *
 * @param {number} lamports
 */
export function brief(lamports) {
  const whole = exact(lamports)
  const [integer = "", fraction = ""] = whole.split(".")
  const zeros = fraction.length - fraction.replace(/^0+/, "").length
  const places = integer.replace("-", "") === "0" ? Math.max(3, zeros + 3) : 3
  const cut = fraction.slice(0, places).replace(/0+$/, "")
  return `${integer}${cut && `.${cut}`}`
}

/** @param {number} lamports */
export const spoken = (lamports) => `${grouped(String(lamports))} lamport${lamports === 1 ? "" : "s"}`

/**
 * Lamports of what somebody typed in SOL; null if it is no amount, too large, or has more than nine places.
 *
 * @param {string} text
 * @returns {number | null}
 */
export function parse(text) {
  const match = /^(\d{0,7})(?:[.,](\d{0,9}))?$/.exec(text.trim())
  if (match === null || !/\d/.test(text)) return null
  const lamports = Number(`${match[1] || "0"}${(match[2] ?? "").padEnd(9, "0")}`)
  return Number.isSafeInteger(lamports) ? lamports : null
}

/**
 * An amount in the page, with its lamports on hover.
 *
 * @param {number} lamports
 * @param {{ full?: boolean }} [options] full: with all its places
 */
export const sol = (lamports, { full = false } = {}) =>
  html`<data class="sol" value="${lamports}" title="${spoken(lamports)}">${full ? exact(lamports) : brief(lamports)} <abbr title="SOL, the money of Solana">SOL</abbr></data>`

/** @param {string} digits */
function grouped(digits) {
  return digits.replace(/\B(?=(\d{3})+$)/g, ",")
}
