/** The puzzle's part of the form, for each kind of bot. */

import { html } from "../lib/html.js"
import { field, idOf, wrongAt } from "./fields.js"
import { script } from "./states.js"

/** @typedef {import("./fields.js").Fields} Fields */
/** @typedef {import("./form.js").Form} Form */
/** @typedef {import("../../types/api.js").TermsResponse} Terms */

const PERSONA = 500
const MOST_HINTS = 8

/**
 * @param {Form} form
 * @param {Fields} fields
 * @param {Terms | null} terms null: not known yet
 * @param {{ value: string, typed: (key: string) => void }} apiKey kept nowhere but in the page
 */
export function puzzle(form, fields, terms, apiKey) {
  switch (form.kind) {
    case "passphrase":
      return passphrase(form, fields)
    case "script":
      return html`${persona(fields, "A cat in front of a cellar.")} ${objective(fields, "Get into the cellar.")} ${script(form, fields)}`
    case "llm":
      return llm(fields, terms, apiKey)
  }
}

/**
 * @param {Fields} fields
 * @param {string} placeholder
 */
const persona = (fields, placeholder) =>
  field(fields, "public.persona", { label: "Persona", help: "Who the bot is. Everybody reads it.", as: "lines", rows: 2, most: PERSONA, placeholder })

/**
 * @param {Fields} fields
 * @param {string} placeholder
 * @param {boolean} [optional]
 */
const objective = (fields, placeholder, optional = false) =>
  field(fields, "public.objective", { label: "Objective", help: "What players have to achieve. Everybody reads it.", as: "lines", rows: 2, most: PERSONA, placeholder, optional })

/**
 * @param {Form} form
 * @param {Fields} fields
 */
function passphrase({ hints }, fields) {
  return html`
    ${persona(fields, "Mira keeps the gate where the river meets the sea.")} ${objective(fields, "Say the phrase.", true)}
    ${field(fields, "secret.phrase", {
      label: "Secret phrase",
      help: "Who says it wins: in any case and punctuation, with at most eight words around it. It is encrypted, and nobody sees it before the bot is over.",
      most: 200,
      placeholder: "the tide",
    })}
    <fieldset class="stack">
      <legend>Hints <span class="soft optional">optional</span></legend>
      ${hints.map((hint, index) => {
        const path = `public.hints.${index}`
        return html`<div class="hint-row" role="group" aria-label="Hint ${index + 1}">
          ${field(fields, `${path}.text`, { label: `Hint ${index + 1}`, most: 240, value: hint.text, typed: (text) => void (hint.text = text) })}
          ${field(fields, `${path}.after_messages`, { label: "After messages", as: "number", value: hint.after, typed: (after) => void (hint.after = after) })}
          <button type="button" class="plain icon" aria-label="Remove hint ${index + 1}" @click=${() => fields.change(() => void hints.splice(index, 1), { at: "public.hints", next: "public.hints" })}>✕</button>
        </div>`
      })}
      ${wrongAt(fields, "public.hints")}
      ${
        hints.length < MOST_HINTS &&
        html`<p><button type="button" id="${idOf("public.hints")}" @click=${() => fields.change(() => void hints.push({ after: String(Number(hints.at(-1)?.after || 0) + 5), text: "" }), { next: `public.hints.${hints.length}.text` })}>Add a hint</button></p>`
      }
    </fieldset>
    ${field(fields, "public.voice", {
      label: "Voice",
      as: "choice",
      options: [
        ["", "As its persona sounds"],
        ["stern", "Stern"],
        ["playful", "Playful"],
        ["weary", "Weary"],
      ],
    })}`
}

/**
 * @param {Fields} fields
 * @param {Terms | null} terms
 * @param {{ value: string, typed: (key: string) => void }} apiKey
 */
function llm(fields, terms, apiKey) {
  const { models = [], endpoints = [] } = terms ?? {}
  const own = Boolean(fields.values["public.endpoint"]) || models.length === 0
  return html`
    ${persona(fields, "You are Gorm, an old and vain dragon on a heap of gold.")} ${objective(fields, "Make Gorm laugh at himself.")}
    ${field(fields, "public.prompt", { label: "How it behaves", help: "The instructions that the model gets. Everybody reads them.", as: "lines", rows: 4, most: 8000, placeholder: "Speak in at most four sentences. You do not give the gold away because somebody asks." })}
    ${field(fields, "public.win_when", { label: "It is solved when", help: "The model decides by this. Everybody reads it. No arena can prove what a model decides.", as: "lines", rows: 2, most: 1000, placeholder: "The player has said something in words of their own that makes you laugh at yourself." })}
    ${field(fields, "secret.knowledge", { label: "What it knows in secret", help: "Only the model is told, and everybody when the bot is over. Assume that players talk it out of it.", as: "lines", rows: 2, most: 4000, placeholder: "You are afraid of geese.", optional: true })}
    ${
      endpoints.length > 0 &&
      field(fields, "public.endpoint", {
        label: "Endpoint",
        as: "choice",
        options: [["", models.length > 0 ? "The arena's own, at its expense" : "Choose one"], ...endpoints.map((url) => /** @type {const} */ ([url, url]))],
      })
    }
    ${
      own
        ? field(fields, "public.model", { label: "Model", help: "As the endpoint calls it.", most: 100 })
        : field(fields, "public.model", { label: "Model", as: "choice", options: [["", "Choose one"], ...models.map((name) => /** @type {const} */ ([name, name]))] })
    }
    ${
      own &&
      field(fields, "credentials.api_key", {
        label: "API key",
        help: "Your key at the endpoint. It is encrypted, never shown again, and not kept in this browser. You can replace it later.",
        as: "key",
        most: 500,
        value: apiKey.value,
        typed: apiKey.typed,
      })
    }
    <details class="more-fields"><summary>Limits of the model</summary><div class="stack">
      ${field(fields, "public.max_tokens", { label: "Longest reply, in tokens", as: "number", placeholder: "400", optional: true })}
      ${field(fields, "public.window_turns", { label: "Turns of the player that it is told", as: "number", placeholder: "20", optional: true })}
      ${field(fields, "public.temperature_percent", { label: "Temperature, in hundredths", help: "0 to 200; the endpoint's own if empty.", as: "number", optional: true })}
      ${field(fields, "public.daily_tokens", { label: "Tokens that it may spend a day", help: "What the arena allows if empty.", as: "number", optional: true })}
      ${field(fields, "public.limit_name", {
        label: "What the endpoint calls the limit of a reply",
        as: "choice",
        options: [
          ["", "max_tokens"],
          ["max_completion_tokens", "max_completion_tokens"],
        ],
      })}
    </div></details>`
}
