/** What the arena finds wrong with a draft, at the fields that somebody sees. */

import { Failure } from "../lib/api.js"

/** @typedef {import("./form.js").Form} Form */
/** @typedef {import("./form.js").Wrong} Wrong */

export const NEEDED = "This is needed."

/**
 * @param {unknown} error
 * @returns {Wrong[]} empty: it is not about fields
 */
export function wrongOf(error) {
  if (!(error instanceof Failure)) return []
  const { errors, detail } = error.document
  if (Array.isArray(errors)) return errors.map(({ field, message }) => ({ field: String(field).replace(/^body\./, ""), message: String(message) }))
  // the only text that is judged like this is the name
  if (error.code === "text_invalid") return [{ field: "name", message: String(detail ?? error.message) }]
  const one = error.code === "bot_invalid" ? /^(\w+): (.+)$/.exec(String(detail)) : null
  return one === null ? [] : [{ field: one[1] ?? "", message: one[2] ?? "" }]
}

/**
 * The field of the form that a path of the request comes from: a script's states are edited by their place, not by name.
 *
 * @param {string} field
 * @param {Form} form
 */
export function asEdited(field, { kind, script, json }) {
  if (kind !== "script" || !field.startsWith("secret")) return field
  if (json !== null) return field
  const [, name, rest] = /^secret\.states\.([^.]+)(.*)$/.exec(field) ?? []
  const index = script.states.findIndex((state) => state.name.trim() === name)
  if (index < 0) return field
  return `states.${index}${rest === ".[key]" ? ".name" : rest}`
}

/**
 * Each at the field that is nearest to it: `public.hints.0.text` itself, else `public.hints`; under "" if there is none.
 *
 * @param {readonly Wrong[]} wrong
 * @param {readonly string[]} fields that are shown
 * @returns {Map<string, string>}
 */
export function placed(wrong, fields) {
  const found = new Map()
  for (const { field, message } of wrong) {
    const nearest = fields.filter((one) => field === one || field.startsWith(`${one}.`)).reduce((a, b) => (b.length > a.length ? b : a), "")
    const rest = nearest === "" ? field : field.slice(nearest.length + 1)
    const said = sentence(rest, message)
    const before = found.get(nearest)
    // that something is missing is no news where something is wrong
    if (before === undefined || before === NEEDED) found.set(nearest, said)
    else if (said !== NEEDED) found.set(nearest, `${before} ${said}`)
  }
  return found
}

/**
 * @param {string} rest where, within the field
 * @param {string} message
 */
function sentence(rest, message) {
  if (/should have at least 1 (item|character)/.test(message)) return rest === "" ? NEEDED : `${rest} is needed.`
  const begun = /^\d+$/.test(rest) ? `Line ${Number(rest) + 1}: ${message}` : rest === "" ? `${message.charAt(0).toUpperCase()}${message.slice(1)}` : `${rest}: ${message}`
  return /[.!?]$/.test(begun) ? begun : `${begun}.`
}
