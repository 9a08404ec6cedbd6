/** The editor of scripts: state by state, or all of it as JSON. */

import { html } from "../lib/html.js"
import { field, wrongAt } from "./fields.js"
import { changeWay } from "./form.js"
import { newRule, newState, rename } from "./script.js"

/** @typedef {import("./fields.js").Fields} Fields */
/** @typedef {import("./form.js").Form} Form */
/** @typedef {import("./script.js").Script} Script */
/** @typedef {import("./script.js").State} State */
/** @typedef {import("./script.js").Rule} Rule */

const MOST_STATES = 32
const MOST_RULES = 16

/**
 * @param {Form} form
 * @param {Fields} fields
 */
export function script(form, fields) {
  return html`<fieldset class="stack">
    <legend>Script <span class="soft optional">secret until the bot is over</span></legend>
    ${reference()}
    <div class="row">
      <button type="button" @click=${() => fields.change(() => changeWay(form), { at: "secret" })}>${form.json === null ? "Edit as JSON" : "Edit state by state"}</button>
    </div>
    ${
      form.json === null
        ? states(form.script, fields)
        : field(fields, "secret", { label: "Script as JSON", as: "code", rows: 22, value: form.json, typed: (json) => void (form.json = json) })
    }
  </fieldset>`
}

/**
 * @param {Script} script
 * @param {Fields} fields
 */
function states(script, fields) {
  const names = script.states.map(({ name }) => /** @type {const} */ ([name, name]))
  return html`
    ${field(fields, "secret.start", { label: "Everybody begins in", as: "choice", options: names, value: script.start, typed: (start) => void (script.start = start) })}
    ${script.states.map((state, index) => stateCard(script, state, index, names, fields))}
    ${wrongAt(fields, "secret")}
    ${
      script.states.length < MOST_STATES &&
      html`<p><button type="button" @click=${() => fields.change(() => void script.states.push(newState(script)), { next: `states.${script.states.length}.name` })}>Add a state</button></p>`
    }`
}

/**
 * @param {Script} script
 * @param {State} state
 * @param {number} index
 * @param {readonly (readonly [string, string])[]} names
 * @param {Fields} fields
 */
function stateCard(script, state, index, names, fields) {
  const path = `states.${index}`
  return html`<section class="state-card stack" aria-label="State ${state.name}">
    <div class="state-head">
      ${field(fields, `${path}.name`, { label: "State", most: 40, value: state.name, typed: (name) => rename(script, index, name) })}
      <label class="choice"><input type="checkbox" .checked=${state.solved} @change=${(/** @type {Event} */ event) => fields.change(() => void (state.solved = /** @type {HTMLInputElement} */ (event.target).checked), { at: path })}>Who comes here has won</label>
      ${script.states.length > 2 && html`<button type="button" class="plain icon" aria-label="Remove state ${state.name}" @click=${() => fields.change(() => void script.states.splice(index, 1), { at: path, next: `states.${Math.max(0, index - 1)}.name` })}>✕</button>`}
    </div>
    ${wrongAt(fields, path)}
    ${
      !state.solved &&
      html`
        ${state.rules.map((rule, number) => ruleRow(state, rule, `${path}.rules.${number}`, number, names, fields))}
        ${wrongAt(fields, `${path}.rules`)}
        ${state.rules.length < MOST_RULES && html`<p><button type="button" @click=${() => fields.change(() => void state.rules.push(newRule()), { next: `${path}.rules.${state.rules.length}.when` })}>Add a rule to ${state.name}</button></p>`}
        ${field(fields, `${path}.otherwise`, { label: "Otherwise it says", help: "One reply a line: the first time the first, then the next; the last one again and again.", as: "lines", rows: 2, value: state.otherwise, typed: (text) => void (state.otherwise = text) })}`
    }
  </section>`
}

/**
 * @param {State} state
 * @param {Rule} rule
 * @param {string} path
 * @param {number} number
 * @param {readonly (readonly [string, string])[]} names
 * @param {Fields} fields
 */
function ruleRow(state, rule, path, number, names, fields) {
  return html`<div class="rule-row" role="group" aria-label="Rule ${number + 1} of ${state.name}">
    ${field(fields, `${path}.when`, { label: "If somebody says", as: "code", rows: 2, placeholder: "* fish|milk *", value: rule.when, typed: (text) => void (rule.when = text) })}
    ${field(fields, `${path}.replies`, { label: "It replies", as: "lines", rows: 2, value: rule.replies, typed: (text) => void (rule.replies = text) })}
    ${field(fields, `${path}.to`, { label: "And goes to", as: "choice", options: [["", "nowhere: it stays"], ...names], value: rule.to, typed: (to) => void (rule.to = to) })}
    <button type="button" class="plain icon" aria-label="Remove rule ${number + 1} of ${state.name}" @click=${() => fields.change(() => void state.rules.splice(number, 1), { at: path, next: `states.${path.split(".")[1]}.name` })}>✕</button>
  </div>`
}

const reference = () => html`<details class="more-fields"><summary>How scripts work</summary>
  <div class="stack small">
    <p>Every player walks alone, from the state where everybody begins. The first rule of a state that has a fitting pattern is followed; else “otherwise” is said. Who comes into a state that wins has won.</p>
    <dl class="patterns">
      <div><dt><code>fish</code></dt><dd>the message is this word; case and punctuation do not count</dd></div>
      <div><dt><code>* fish *</code></dt><dd>the word is somewhere in it: <code>*</code> is any number of words, or none</dd></div>
      <div><dt><code>* fish|milk *</code></dt><dd>one of these words is in it</dd></div>
      <div><dt><code>open * door</code></dt><dd>it begins with one word and ends with the other</dd></div>
    </dl>
    <p>One pattern a line, one reply a line. Of several replies the first time the first is said, then the second, in the end the last one again and again: so there is room for hints that get better. Messages of more than 40 words fit nothing.</p>
    <p>A way has to lead to every state, and from every state one to a state that wins. At most 32 states, 16 rules a state, 8 patterns a rule, 12 words a pattern.</p>
  </div>
</details>`
