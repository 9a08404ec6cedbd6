/** Which actors are searched for. */

import { html } from "../lib/html.js"
import { change, given } from "./query.js"
import { STUCK } from "./rows.js"
import { STATES, filtersOf } from "./wanted.js"

const TYPING = 300
const KINDS = /** @type {const} */ ([
  ["bots", "Bots"],
  ["sessions", "Sessions"],
  ["settlements", "Settlements"],
  ["region", "Regions"],
  ["supervisor", "Supervisors"],
])
const WRONG = /** @type {const} */ ([
  ["failed", "Crashed or restarted"],
  ["stuck", `At one message for ${STUCK} s`],
])

/** Null: the whole tree is to be shown. */
export const filtersGiven = () => filtersOf(given)

/** @type {ReturnType<typeof setTimeout> | undefined} */
let typing

/** @param {Event} event */
function type(event) {
  const { name, value } = /** @type {HTMLInputElement} */ (event.target)
  clearTimeout(typing)
  typing = setTimeout(() => change({ [name]: value.trim() }), TYPING)
}

/** @param {Event} event */
function choose(event) {
  const { name, value } = /** @type {HTMLSelectElement} */ (event.target)
  change({ [name]: value })
}

/** Search for nothing any more. */
export const clear = () => change({ path: "", state: "", kind: "", wrong: "", min_depth: "" })

export const filterBar = () => html`<search><form class="filters" @submit=${(/** @type {Event} */ event) => event.preventDefault()}>
  <label class="grow"><span class="unseen">Part of the path</span><input type="search" name="path" placeholder="Search the path, such as a bot's id" maxlength="500" autocomplete="off" spellcheck="false" .value=${given("path")} @input=${type}></label>
  ${select("state", "State", "All states", STATES.map((state) => [state, state]))}
  ${select("kind", "Kind", "All kinds", KINDS)}
  ${select("wrong", "What is wrong", "Well or not", WRONG)}
  <label><span class="unseen">Messages that wait at least</span><input type="number" name="min_depth" min="0" step="1" inputmode="numeric" placeholder="Waiting ≥" .value=${given("min_depth")} @input=${type}></label>
</form></search>`

/**
 * @param {string} name
 * @param {string} label
 * @param {string} all
 * @param {readonly (readonly [string, string])[]} options
 */
const select = (name, label, all, options) => html`<label><span class="unseen">${label}</span><select name="${name}" @change=${choose}>
  <option value="" ?selected=${given(name) === ""}>${all}</option>
  ${options.map(([value, text]) => html`<option value="${value}" ?selected=${given(name) === value}>${text}</option>`)}
</select></label>`
