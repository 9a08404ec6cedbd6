/** What to show in the place of what did not come, or beside what is no longer new. */

import { html } from "../lib/html.js"
import { explain } from "./notices.js"

/** @typedef {{ value: unknown, at: number, error: unknown }} Polled */

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" })

/**
 * @param {unknown} error null: there is none
 * @param {() => unknown} again
 */
export const trouble = (error, again) =>
  error !== null && html`<p class="notice bad" role="alert">${explain(error)} <button @click=${again}>Try again</button></p>`

/**
 * Since when what is shown has not been renewed; nothing if it is new. It keeps its place, so that nothing jumps.
 *
 * @param {Polled} polled
 */
export const stale = ({ value, at, error }) =>
  html`<p class="stale small ${error === null ? "" : "bad"}" role="status">${error !== null && (value === null ? `Not there yet: ${explain(error)}` : `Not updated since ${clock.format(at)}: ${explain(error)}`)}</p>`

/**
 * The button below a list of which there is more.
 *
 * @template T
 * @param {import("../lib/pages.js").Pages<T>} pages
 */
export const more = (pages) => html`
  ${pages.items !== null && trouble(pages.error, () => (pages.hasMore ? pages.more() : pages.load()))}
  ${pages.hasMore && html`<p class="more"><button aria-disabled=${pages.loading ? "true" : null} @click=${() => pages.more()}>Show more</button></p>`}`
