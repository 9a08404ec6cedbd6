/**
 * What somebody who opens a bot has typed, and the request that it makes.
 *
 * Fields are known by their paths in the request (`public.persona`), which are also what the arena calls them when it
 * finds one wrong. Their values are texts as they were typed.
 */

import { parse } from "../lib/lamports.js"
import { fromSecret, newScript, toSecret } from "./script.js"
import { NEEDED } from "./wrong.js"

/** @typedef {import("../../types/api.js").DraftBot} DraftBot */
/** @typedef {import("./script.js").Script} Script */
/** @typedef {"passphrase" | "script" | "llm"} Kind */
/** @typedef {{ after: string, text: string }} Hint */
/** @typedef {{ field: string, message: string }} Wrong a field's path, and what is wrong with it */

/**
 * @typedef {object} Form
 * @property {Kind} kind
 * @property {Record<string, string>} values by path
 * @property {Hint[]} hints
 * @property {Script} script
 * @property {string | null} json the script as a text; null: its states are edited one by one
 * @property {string | null} draft id of the draft that was made of it last
 */

const KEY = "arena.opening"

/** When a bot can end, in seconds; "at": at a time that is chosen. */
export const LIVES = /** @type {const} */ ([
  ["3600", "in an hour"],
  ["86400", "in a day"],
  ["259200", "in 3 days"],
  ["604800", "in a week"],
  ["2592000", "in 30 days"],
  ["at", "at a time of your choice"],
])

/** Seconds of silence after which it can end before. */
export const IDLES = /** @type {const} */ ([
  ["0", "No, only at its closing time"],
  ["3600", "After an hour without a message"],
  ["21600", "After 6 hours without a message"],
  ["86400", "After a day without a message"],
  ["259200", "After 3 days without a message"],
  ["604800", "After a week without a message"],
])

const DEFAULTS = /** @type {const} */ ({
  initial_pot: "0.5",
  fee_base: "0.01",
  fee_growth_bps: "1",
  fee_cap: "0.1",
  closes_in: "604800",
  expiry_rule: "last_player",
  idle_after: "0",
  idle_min_messages: "0",
})

/** Fields that a kind cannot be without, besides its name. */
const REQUIRED = /** @type {const} */ ({
  passphrase: ["public.persona", "secret.phrase"],
  script: ["public.persona", "public.objective"],
  llm: ["public.persona", "public.objective", "public.prompt", "public.win_when", "public.model"],
})

const WHOLE = ["public.window_turns", "public.max_tokens", "public.temperature_percent", "public.daily_tokens"]

const STATE = /^[a-z][a-z0-9_]{0,39}$/

/** @returns {Form} */
export const newForm = () => ({ kind: "passphrase", values: { ...DEFAULTS }, hints: [], script: newScript(), json: null, draft: null })

/** @returns {Form} what was typed before the page was loaded again */
export function kept() {
  try {
    const found = sessionStorage.getItem(KEY)
    return found === null ? newForm() : { ...newForm(), ...JSON.parse(found) }
  } catch {
    return newForm()
  }
}

/** @param {Form | null} form null: forget it */
export function keep(form) {
  try {
    if (form === null) sessionStorage.removeItem(KEY)
    else sessionStorage.setItem(KEY, JSON.stringify(form))
  } catch {
    // a browser that keeps nothing: what was typed is there until the page goes
  }
}

/**
 * Basis points of a percentage that was typed, with at most two places; null: it is none.
 *
 * @param {string} text
 */
export function bpsOf(text) {
  const match = /^(\d{1,3})(?:[.,](\d{0,2}))?\s*%?$/.exec(text.trim())
  if (match === null) return null
  const bps = Number(match[1]) * 100 + Number((match[2] ?? "").padEnd(2, "0"))
  return bps <= 10_000 ? bps : null
}

/** @param {string | undefined} text */
export const wholeOf = (text) => (/^\d{1,15}$/.test((text ?? "").trim()) ? Number(text) : null)

/**
 * The terms as far as they can be read. The cap is the first price where the price does not grow.
 *
 * @param {Form} form
 */
export function termsOf({ values }) {
  const base = parse(values.fee_base ?? "")
  const growthBps = bpsOf(values.fee_growth_bps ?? "")
  return { initialPot: parse(values.initial_pot ?? ""), base, growthBps, cap: growthBps === 0 ? base : parse(values.fee_cap ?? "") }
}

/**
 * When the bot would end if it was drafted now; null: no time is chosen.
 *
 * @param {Form} form
 * @param {number} now milliseconds
 */
export function closingOf({ values }, now) {
  if (values.closes_in !== "at") return new Date(now + Number(values.closes_in) * 1000)
  const time = new Date(values.closes_at ?? "")
  return Number.isNaN(time.getTime()) ? null : time
}

/**
 * The request, or what is wrong. The rest is the arena's to judge.
 *
 * @param {Form} form
 * @param {string} apiKey of the endpoint that the creator pays for
 * @param {number} now
 * @returns {{ request: DraftBot, wrong: null } | { request: null, wrong: Wrong[] }}
 */
export function requestOf(form, apiKey, now) {
  const { kind, values } = form
  /** @type {Wrong[]} */
  const wrong = ["name", ...REQUIRED[kind]].filter((field) => !values[field]?.trim()).map((field) => ({ field, message: NEEDED }))
  const refuse = (/** @type {string} */ field, /** @type {string} */ message) => void wrong.push({ field, message })
  const terms = termsOf(form)
  const amount = "An amount in SOL, such as 0.05, with at most nine decimals."
  if (terms.initialPot === null) refuse("initial_pot", amount)
  if (terms.base === null) refuse("fee_base", amount)
  if (terms.growthBps === null) refuse("fee_growth_bps", "A percentage from 0 to 100, with at most two decimals.")
  if (terms.cap === null && terms.growthBps !== 0) refuse("fee_cap", amount)
  const closes = closingOf(form, now)
  if (closes === null) refuse("closes_at", "Choose a day and a time.")
  const least = values.idle_after === "0" ? 0 : wholeOf(values.idle_min_messages)
  if (least === null) refuse("idle_min_messages", "A whole number.")
  const brain = { passphrase, script, llm }[kind](form, refuse)
  if (wrong.length > 0 || terms.initialPot === null || terms.base === null || terms.growthBps === null || terms.cap === null || closes === null || least === null) {
    return { request: null, wrong }
  }
  /** @type {DraftBot} */
  const request = {
    name: values.name ?? "",
    kind,
    ...brain,
    credentials: kind === "llm" && apiKey !== "" ? { api_key: apiKey } : {},
    fee_base: terms.base,
    fee_growth_bps: terms.growthBps,
    fee_cap: terms.cap,
    initial_pot: terms.initialPot,
    closes_at: closes.toISOString(),
    expiry_rule: values.expiry_rule === "creator" ? "creator" : "last_player",
    idle_after: Number(values.idle_after),
    idle_min_messages: least,
  }
  return { request, wrong: null }
}

/** @typedef {{ public: Record<string, unknown>, secret: Record<string, unknown> }} Brain */
/** @typedef {(field: string, message: string) => void} Refuse */

/**
 * @param {Form} form
 * @param {Refuse} refuse
 * @returns {Brain}
 */
function passphrase({ values, hints }, refuse) {
  const told = hints.map(({ after, text }, index) => {
    const messages = wholeOf(after)
    if (messages === null) refuse(`public.hints.${index}.after_messages`, "A whole number.")
    if (text.trim() === "") refuse(`public.hints.${index}.text`, NEEDED)
    return { after_messages: messages, text }
  })
  return {
    public: { ...given(values, ["public.persona", "public.objective", "public.voice"]), hints: told },
    secret: { phrase: values["secret.phrase"] },
  }
}

/**
 * @param {Form} form
 * @param {Refuse} refuse
 * @returns {Brain}
 */
function script({ values, script, json }, refuse) {
  /** @type {Record<string, unknown>} */
  let secret = {}
  try {
    if (json === null) checkNames(script, refuse)
    secret = json === null ? toSecret(script) : parsed(json)
  } catch (error) {
    refuse("secret", error instanceof Error ? error.message : String(error))
  }
  return { public: given(values, ["public.persona", "public.objective"]), secret }
}

/**
 * A state is known to the arena by its name alone.
 *
 * @param {Script} script
 * @param {Refuse} refuse
 */
function checkNames({ states }, refuse) {
  const names = states.map(({ name }) => name.trim())
  names.forEach((name, index) => {
    if (!STATE.test(name)) refuse(`states.${index}.name`, "Small letters, digits and _, at most 40, with a letter first.")
    else if (names.indexOf(name) !== index) refuse(`states.${index}.name`, "Another state has this name.")
  })
}

/**
 * @param {Form} form
 * @param {Refuse} refuse
 * @returns {Brain}
 */
function llm({ values }, refuse) {
  const numbers = WHOLE.filter((field) => values[field]?.trim()).map((field) => {
    const number = wholeOf(values[field])
    if (number === null) refuse(field, "A whole number.")
    return [field.replace("public.", ""), number]
  })
  const texts = ["persona", "objective", "prompt", "win_when", "model", "endpoint", "limit_name"].map((name) => `public.${name}`)
  return { public: { ...given(values, texts), ...Object.fromEntries(numbers) }, secret: { knowledge: values["secret.knowledge"] ?? "" } }
}

/**
 * The fields that have something in them: the others are left to the arena's defaults.
 *
 * @param {Record<string, string>} values
 * @param {string[]} fields
 */
const given = (values, fields) => Object.fromEntries(fields.filter((field) => values[field]?.trim()).map((field) => [field.replace("public.", ""), values[field]]))

/**
 * @param {string} json
 * @returns {Record<string, unknown>}
 * @throws {Error} it is no object, in words for its author
 */
function parsed(json) {
  /** @type {unknown} */
  let found
  try {
    found = JSON.parse(json)
  } catch (error) {
    throw new Error(`This is not JSON: ${error instanceof Error ? error.message : error}`)
  }
  if (typeof found !== "object" || found === null || Array.isArray(found)) throw new Error("This has to be an object: { … }.")
  return /** @type {Record<string, unknown>} */ (found)
}

/**
 * Change between the two ways to edit a script.
 *
 * @param {Form} form
 * @throws {Error} the text has another form than the states can show
 */
export function changeWay(form) {
  if (form.json === null) form.json = JSON.stringify(toSecret(form.script), null, 2)
  else {
    form.script = fromSecret(parsed(form.json))
    form.json = null
  }
}
