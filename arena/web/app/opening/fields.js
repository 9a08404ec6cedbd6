/** Fields of a form: a label, a control, what it is for, and what is wrong with it. */

import { html } from "../lib/html.js"

/**
 * What fields have in common.
 *
 * @typedef {object} Fields
 * @property {Record<string, string>} values as typed, by path
 * @property {ReadonlyMap<string, string>} wrong what is wrong, by path
 * @property {(change: () => void, places?: { at?: string, next?: string }) => void} change the form: `at` a path, where
 *   nothing is wrong any more, and with the focus on the `next` one
 */

/**
 * @typedef {object} Look
 * @property {string} label
 * @property {unknown} [help]
 * @property {boolean} [optional]
 * @property {"line" | "lines" | "code" | "amount" | "number" | "percent" | "time" | "key" | "choice"} [as] a line, if not given
 * @property {readonly (readonly [value: string, name: string])[]} [options] of a choice
 * @property {string} [placeholder]
 * @property {number} [most] characters
 * @property {number} [rows]
 * @property {string} [value] if it is not among the form's values
 * @property {(value: string) => void} [typed] likewise
 */

const SIGNS = /** @type {Record<string, string>} */ ({ amount: "SOL", percent: "%" })
const TYPES = /** @type {Record<string, string>} */ ({ time: "datetime-local", key: "password" })
const MODES = /** @type {Record<string, string>} */ ({ amount: "decimal", percent: "decimal", number: "numeric" })

/** @param {string} path */
export const idOf = (path) => `field-${path}`

/**
 * @param {Fields} fields
 * @param {string} path
 * @param {Look} look
 */
export function field(fields, path, look) {
  const { label, help, optional = false, as = "line" } = look
  const id = idOf(path)
  const sign = SIGNS[as]
  return html`<div class="field field-${as}">
    <label for="${id}">${label}${optional && html`<span class="soft optional">optional</span>`}</label>
    ${sign ? html`<div class="signed">${control(fields, path, look)}<span aria-hidden="true">${sign}</span></div>` : control(fields, path, look)}
    ${help && html`<span class="help" id="${id}-help">${help}</span>`}
    ${wrongAt(fields, path)}
  </div>`
}

/**
 * The place where it is said what is wrong.
 *
 * @param {Fields} fields
 * @param {string} path
 */
export const wrongAt = ({ wrong }, path) => html`<span class="wrong" id="${idOf(path)}-wrong" data-field="${path}">${wrong.get(path)}</span>`

/**
 * @param {Fields} fields
 * @param {string} path
 * @param {Look} look
 */
function control(fields, path, { help, optional = false, as = "line", options = [], placeholder = "", most, rows = 3, value = fields.values[path] ?? "", typed }) {
  const id = idOf(path)
  const invalid = fields.wrong.has(path) ? "true" : null
  const described = `${help ? `${id}-help ` : ""}${id}-wrong`
  const required = optional ? null : "true"
  const heard = (/** @type {Event} */ event) => {
    const text = /** @type {HTMLInputElement} */ (event.target).value
    if (typed) fields.change(() => typed(text), { at: path })
    else fields.change(() => void (fields.values[path] = text), { at: path })
  }
  switch (as) {
    case "choice":
      return html`<select id="${id}" name="${path}" data-value="${value}" aria-invalid=${invalid} aria-describedby="${described}" @change=${heard}>
        ${options.map(([one, name]) => html`<option value="${one}" ?selected=${one === value}>${name}</option>`)}
      </select>`
    case "lines":
    case "code":
      return html`<textarea id="${id}" name="${path}" class="${as}" rows="${rows}" maxlength=${most ?? null} placeholder="${placeholder}" spellcheck="${String(as !== "code")}" autocapitalize="${as === "code" ? "off" : "sentences"}" dir="auto" .value=${value} aria-required=${required} aria-invalid=${invalid} aria-describedby="${described}" @input=${heard}></textarea>`
    default:
      return html`<input id="${id}" name="${path}" type="${TYPES[as] ?? "text"}" inputmode=${MODES[as] ?? null} autocomplete="off" dir="auto" maxlength=${most ?? null} placeholder="${placeholder}" .value=${value} aria-required=${required} aria-invalid=${invalid} aria-describedby="${described}" @input=${heard}>`
  }
}

/**
 * Selects show what they are to show only once their options are there.
 *
 * @param {Element} within
 */
export function settle(within) {
  for (const select of within.querySelectorAll("select")) if (select.dataset.value !== undefined) select.value = select.dataset.value
}

/**
 * Go to a field, and show it if it is folded away.
 *
 * @param {Element} within
 * @param {string} path
 */
export function goTo(within, path) {
  const found = within.querySelector(`[id="${CSS.escape(idOf(path))}"]`) ?? within.querySelector(`[data-field="${CSS.escape(path)}"]`)
  const details = found?.closest("details")
  if (details) details.open = true
  if (found instanceof HTMLElement) {
    if (found.tabIndex < 0) found.tabIndex = -1
    found.focus()
  }
}
