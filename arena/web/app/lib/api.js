/**
 * The arena's HTTP API, typed by its own description.
 *
 * Every failure is a `Failure` with the problem's stable code; `unreachable` and `timeout` are this client's own.
 */

/** @typedef {import("../../types/api.js").paths} Paths */

/**
 * @template {keyof Paths} P
 * @template {"get" | "post" | "put" | "patch" | "delete"} M
 * @typedef {Paths[P] extends { [K in M]: infer O } ? O : never} Operation
 */

/**
 * The body of an operation's success.
 *
 * @template O
 * @typedef {O extends { responses: infer R } ? R[keyof R & (200 | 201 | 202)] extends { content: { "application/json": infer T } } ? T : null : never} Success
 */

/**
 * @template O
 * @typedef {O extends { requestBody?: { content: { "application/json": infer B } } } ? B : O extends { requestBody: { content: { "application/json": infer B } } } ? B : undefined} Body
 */

/**
 * @template O
 * @typedef {O extends { parameters: { path: infer T } } ? { [K in keyof T]: string } : undefined} InPath
 */

/**
 * @template O
 * @typedef {O extends { parameters: { query?: infer T } } ? NonNullable<T> : undefined} Query
 */

/**
 * @typedef {object} Options
 * @property {Record<string, string>} [path] values of the parameters in the path
 * @property {Record<string, unknown>} [query]
 * @property {unknown} [body]
 * @property {string} [idempotencyKey]
 * @property {AbortSignal} [signal]
 */

const TIMEOUT = 20_000

/** The API refused something, or could not be asked. */
export class Failure extends Error {
  /**
   * @param {string} code
   * @param {string} message for people: what happened and what to do
   * @param {{ status?: number, retryAfter?: number, document?: Record<string, unknown> }} [more]
   */
  constructor(code, message, { status = 0, retryAfter, document = {} } = {}) {
    super(message)
    this.code = code
    this.status = status
    this.retryAfter = retryAfter
    this.document = document
  }

  /** Whether the same may work in a moment. */
  get passing() {
    return this.retryAfter !== undefined || this.code === "unreachable" || this.code === "timeout" || this.status >= 502
  }
}

/**
 * What an access token comes from: set by the session, so that this module knows no wallets.
 *
 * @type {{ current: () => Promise<string | null>, renew: (spent: string) => Promise<string | null> }}
 */
let tokens = { current: async () => null, renew: async () => null }

/** @param {typeof tokens} source */
export function authorizeWith(source) {
  tokens = source
}

/**
 * @template {keyof Paths} P
 * @param {P} path
 * @param {{ path?: InPath<Operation<P, "get">>, query?: Query<Operation<P, "get">>, signal?: AbortSignal }} [options]
 * @returns {Promise<Success<Operation<P, "get">>>}
 */
export const get = (path, options = {}) => /** @type {Promise<any>} */ (ask("GET", path, /** @type {Options} */ (options)))

/**
 * @template {keyof Paths} P
 * @param {P} path
 * @param {{ path?: InPath<Operation<P, "post">>, body?: Body<Operation<P, "post">>, idempotencyKey?: string }} [options]
 * @returns {Promise<Success<Operation<P, "post">>>}
 */
export const post = (path, options = {}) => /** @type {Promise<any>} */ (ask("POST", path, /** @type {Options} */ (options)))

/**
 * @template {keyof Paths} P
 * @param {P} path
 * @param {{ path?: InPath<Operation<P, "put">>, body: Body<Operation<P, "put">> }} options
 * @returns {Promise<Success<Operation<P, "put">>>}
 */
export const put = (path, options) => /** @type {Promise<any>} */ (ask("PUT", path, /** @type {Options} */ (options)))

/**
 * @template {keyof Paths} P
 * @param {P} path
 * @param {{ path?: InPath<Operation<P, "patch">>, body: Body<Operation<P, "patch">> }} options
 * @returns {Promise<Success<Operation<P, "patch">>>}
 */
export const patch = (path, options) => /** @type {Promise<any>} */ (ask("PATCH", path, /** @type {Options} */ (options)))

/**
 * @template {keyof Paths} P
 * @param {P} path
 * @param {{ path?: InPath<Operation<P, "delete">> }} [options]
 * @returns {Promise<null>}
 */
export const remove = (path, options = {}) => /** @type {Promise<any>} */ (ask("DELETE", path, /** @type {Options} */ (options)))

/**
 * One request, with the token of whoever is signed in; with the next token, once more, if that one has run out.
 *
 * @param {string} method
 * @param {string} template
 * @param {Options} options
 * @returns {Promise<unknown>}
 */
async function ask(method, template, options) {
  const token = await tokens.current()
  try {
    return await request(method, template, options, token)
  } catch (error) {
    const spent = error instanceof Failure && error.status === 401 && token !== null
    const renewed = spent ? await tokens.renew(token) : null
    if (renewed === null) throw error
    return request(method, template, options, renewed)
  }
}

/**
 * One request as it is.
 *
 * @param {string} method
 * @param {string} template
 * @param {Options} options
 * @param {string | null} token
 * @returns {Promise<unknown>}
 */
export async function request(method, template, { path, query, body, idempotencyKey, signal }, token) {
  const url = new URL(
    template.replace(/\{(\w+)\}/g, (_all, name) => encodeURIComponent(path?.[name] ?? "")),
    location.origin,
  )
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== "") url.searchParams.set(name, String(value))
  }
  const headers = new Headers({ Accept: "application/json" })
  if (token !== null) headers.set("Authorization", `Bearer ${token}`)
  if (body !== undefined) headers.set("Content-Type", "application/json")
  if (idempotencyKey !== undefined) headers.set("Idempotency-Key", idempotencyKey)
  const limit = AbortSignal.timeout(TIMEOUT)
  /** @type {Response} */
  let response
  try {
    response = await fetch(url, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ? either(signal, limit) : limit,
      credentials: "omit",
    })
    if (response.ok) return response.status === 204 ? null : await response.json()
  } catch (error) {
    if (signal?.aborted) throw error
    if (limit.aborted) throw new Failure("timeout", "The arena took too long to answer. Try again.")
    throw new Failure("unreachable", "The arena cannot be reached. Is your network there? Try again.")
  }
  throw await failure(response)
}

/**
 * @param {Response} response
 * @returns {Promise<Failure>}
 */
async function failure(response) {
  /** @type {Record<string, unknown>} */
  const document = await response.json().catch(() => ({}))
  const code = typeof document.code === "string" ? document.code : `http_${response.status}`
  const words = [document.title, document.detail].filter((text) => typeof text === "string" && text !== "")
  const after = Number(document.retry_after ?? response.headers.get("Retry-After") ?? NaN)
  return new Failure(code, words.join(": ") || `The arena answered ${response.status}.`, {
    status: response.status,
    document,
    ...(Number.isFinite(after) ? { retryAfter: after } : {}),
  })
}

/**
 * @param {AbortSignal} one
 * @param {AbortSignal} other
 */
function either(one, other) {
  const both = new AbortController()
  for (const signal of [one, other]) {
    if (signal.aborted) both.abort(signal.reason)
    signal.addEventListener("abort", () => both.abort(signal.reason), { once: true, signal: both.signal })
  }
  return both.signal
}
