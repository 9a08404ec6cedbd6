/** Light, dark, or as the system has it. `theme.js` applies the choice before the first paint. */

import { Component } from "../lib/component.js"
import { html } from "../lib/html.js"

const KEY = "arena.theme"
const NAMES = /** @type {const} */ ({ system: "As the system", light: "Light", dark: "Dark" })
const SIGNS = /** @type {const} */ ({ system: "◐", light: "☀", dark: "☾" })

/** @typedef {keyof typeof NAMES} Theme */

/** @returns {Theme} */
function chosen() {
  const found = localStorage.getItem(KEY)
  return found === "light" || found === "dark" ? found : "system"
}

class ThemeSwitch extends Component {
  view() {
    const theme = chosen()
    return html`<button class="plain icon" title="Colours: ${NAMES[theme]}" @click=${() => this.#next()}>
      <span aria-hidden="true">${SIGNS[theme]}</span><span class="unseen">Colours: ${NAMES[theme]}</span>
    </button>`
  }

  #next() {
    const themes = /** @type {Theme[]} */ (Object.keys(NAMES))
    const next = themes[(themes.indexOf(chosen()) + 1) % themes.length] ?? "system"
    if (next === "system") localStorage.removeItem(KEY)
    else localStorage.setItem(KEY, next)
    if (next === "system") delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = next
    this.update()
  }
}

customElements.define("arena-theme-switch", ThemeSwitch)
