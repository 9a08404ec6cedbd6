/** Times in words. */

const UNITS = /** @type {const} */ ([
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
])

/**
 * How long, in its two largest units: `3 days 4 hours`, `12 s`.
 *
 * @param {number} seconds
 */
export function duration(seconds) {
  let rest = Math.max(0, Math.round(seconds))
  if (rest < 60) return `${rest} s`
  const words = []
  for (const [unit, length] of UNITS) {
    const count = Math.floor(rest / length)
    rest -= count * length
    if (count > 0) words.push(`${count} ${unit}${count === 1 ? "" : "s"}`)
    if (words.length === 2) break
  }
  return words.join(" ")
}

/**
 * The same in little room: `3d 4h`, `12:05`.
 *
 * @param {number} seconds
 */
export function clock(seconds) {
  const rest = Math.max(0, Math.floor(seconds))
  const [days, hours] = [Math.floor(rest / 86_400), Math.floor((rest % 86_400) / 3_600)]
  if (days > 0) return `${days}d ${hours}h`
  const minutes = String(Math.floor((rest % 3_600) / 60)).padStart(2, "0")
  if (hours > 0) return `${hours}h ${minutes}m`
  return `${minutes}:${String(rest % 60).padStart(2, "0")}`
}

const instant = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" })

/** @param {string | Date} time */
export const at = (time) => instant.format(new Date(time))
