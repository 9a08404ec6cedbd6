/** The frame: where one is, where one can go, who one is; and the page in the middle. */

import { Component } from "../lib/component.js"
import { html } from "../lib/html.js"
import { address, find } from "../lib/router.js"
import { session } from "../wallet/session.js"
import { notify } from "./notices.js"
import "./theme_switch.js"
import "./wallet_menu.js"

/** @typedef {import("../lib/router.js").Route} Route */

/** @type {readonly Route[]} */
const ROUTES = [
  { pattern: /^\/$/, element: "page-lobby", load: () => import("../pages/lobby.js") },
  { pattern: /^\/bots\/(?<bot>[0-9a-f-]{36})$/, element: "page-bot", load: () => import("../pages/bot.js") },
  { pattern: /^\/open$/, element: "page-open", load: () => import("../pages/open.js") },
  { pattern: /^\/leaderboards$/, element: "page-leaderboards", load: () => import("../pages/leaderboards.js") },
  { pattern: /^\/players\/(?<address>[1-9A-HJ-NP-Za-km-z]{32,44})$/, element: "page-player", load: () => import("../pages/player.js") },
  { pattern: /^\/me$/, element: "page-me", load: () => import("../pages/me.js") },
  { pattern: /^\/operations$/, element: "page-operations", load: () => import("../pages/operations.js") },
]

const LINKS = [
  ["/", "Lobby"],
  ["/leaderboards", "Leaderboards"],
  ["/open", "Open a bot"],
]

class App extends Component {
  /** @type {HTMLElement | null} the page that is shown */
  #page = null
  #shown = ""

  connected() {
    this.watch(address, session)
    address.subscribe(() => void this.#go(), this.life)
    void this.#go()
  }

  view() {
    const here = address.value.pathname
    const links = [
      ...LINKS,
      ...(session.value ? [["/me", "My profile"]] : []),
      ...(session.value?.operator ? [["/operations", "Operations"]] : []),
    ]
    return html`
      <a class="button skip" href="#content" @click=${skip}>Skip to the content</a>
      <header class="bar-top">
        <a class="brand" href="/"><img src=${new URL("../icon.svg", import.meta.url).pathname} alt="" width="28" height="28">Arena</a>
        <nav aria-label="Pages">
          ${links.map(([to, name]) => html`<a href="${to}" aria-current=${to === here ? "page" : null}>${name}</a>`)}
        </nav>
        <arena-theme-switch></arena-theme-switch>
        <arena-wallet-menu></arena-wallet-menu>
      </header>
      <main id="content" tabindex="-1">${this.#page}</main>
      <footer class="foot">
        Every message is paid on Solana, the first to solve a bot wins its pot.
        <a href="/openapi.json" target="_blank" rel="noreferrer">API</a>
      </footer>
      <arena-notices></arena-notices>`
  }

  painted() {
    this.querySelector("nav [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" })
  }

  async #go() {
    const path = address.value.pathname
    if (path === this.#shown) return
    const first = this.#shown === ""
    this.#shown = path
    const place = find(ROUTES, path)
    const element = place?.element ?? "page-missing"
    try {
      await (place?.load() ?? import("../pages/missing.js"))
    } catch (error) {
      this.#lost(error)
      return
    }
    // somebody was faster and went elsewhere
    if (this.#shown !== path) return
    this.#page = document.createElement(element)
    for (const [name, value] of Object.entries(place?.attributes ?? {})) this.#page.setAttribute(name, value)
    this.paint()
    if (first) return
    scrollTo(0, 0)
    // a new page is announced by its heading
    const heading = this.#page.querySelector("h1")
    heading?.setAttribute("tabindex", "-1")
    heading?.focus()
  }

  /**
   * A part of the app does not come: the network is away, or the arena was renewed and has other files now.
   *
   * @param {unknown} error
   */
  #lost(error) {
    this.#shown = ""
    const again = "arena.reloaded"
    if (sessionStorage.getItem(again) === location.pathname) {
      sessionStorage.removeItem(again)
      notify("This page could not be loaded. Is your network there? Reload to try again.", "bad")
      throw error
    }
    sessionStorage.setItem(again, location.pathname)
    location.reload()
  }
}

/** @param {Event} event */
function skip(event) {
  event.preventDefault()
  document.querySelector("main")?.focus()
}

customElements.define("arena-app", App)
