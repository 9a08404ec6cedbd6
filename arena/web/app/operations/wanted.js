/** What actors are searched for by, as the API takes it. */

import { STUCK } from "./rows.js"

/** @typedef {import("../../types/api.js").ActorState} ActorState */
/** @typedef {{ state?: ActorState[], kind?: string, failed?: boolean, min_depth?: number, handling_for?: number, path?: string }} Filters */

export const STATES = /** @type {readonly ActorState[]} */ (["running", "starting", "restarting", "stopping", "stopped", "failed", "new"])

/**
 * @param {(name: string) => string} value of each filter; empty: it is not given
 * @returns {Filters | null}
 */
export function filtersOf(value) {
  const depth = Math.floor(Number(value("min_depth")))
  const state = STATES.find((known) => known === value("state"))
  /** @type {Filters} */
  const filters = {
    ...(state === undefined ? {} : { state: [state] }),
    ...(value("kind") ? { kind: value("kind") } : {}),
    ...(value("wrong") === "failed" ? { failed: true } : {}),
    ...(value("wrong") === "stuck" ? { handling_for: STUCK } : {}),
    ...(depth > 0 && Number.isSafeInteger(depth) ? { min_depth: depth } : {}),
    ...(value("path").trim() ? { path: value("path").trim() } : {}),
  }
  return Object.keys(filters).length > 0 ? filters : null
}
