/** The actor tree as it runs: opened level by level, or searched. */

import { stale } from "../components/trouble.js"
import { Failure, get } from "../lib/api.js"
import { Component } from "../lib/component.js"
import { html, keyed } from "../lib/html.js"
import { Poll } from "../lib/poll.js"
import { address } from "../lib/router.js"
import { clear, filterBar, filtersGiven } from "./filters.js"
import { operated } from "./operating.js"
import { change, given } from "./query.js"
import { closed, flatRows, found, lastPart, moved, opened, rowsOf, trouble } from "./rows.js"
import { count, span } from "./words.js"

/** @typedef {import("./rows.js").Row} Row */
/** @typedef {import("./rows.js").Actor} Actor */
/** @typedef {import("./rows.js").Branch} Branch */
/** @typedef {import("../../types/api.js").ActorList} ActorList */

/**
 * What is known of the actors: branches, or those that were searched for.
 *
 * @typedef {{ branches: ReadonlyMap<string, Branch>, matches: ActorList | null }} Seen
 */

const EVERY = 2_000
const PAGE = 50
/** Most children of a node, or finds, that are shown; an answer has a thousand nodes at most. */
const MOST = 999
/** Most nodes that are open at a time: each is a request whenever the tree is asked for. */
const MOST_OPEN = 24
/** Milliseconds between letters of one name that is typed. */
const TYPING = 700

class ActorTree extends Component {
  /** @type {Poll<Seen>} */
  #seen = /** @type {any} */ (null)
  #open = new Set(["/", "/game", "/game/chain"])
  /** how many children of a node are wanted @type {Map<string, number>} */
  #wanted = new Map()
  /** the row that the tabulator key leads to */
  #current = "/"
  #typed = ""
  #typedAt = 0
  #filters = ""
  /** where that row was when it was there */
  #place = 0
  /** whether the focus follows the row when it is shown */
  #follows = false

  connected() {
    this.#filters = JSON.stringify(filtersGiven())
    this.#seen = new Poll((signal, before) => this.#read(signal, before), { every: EVERY, signal: this.life })
    this.watch(this.#seen, address)
    address.subscribe(() => this.#follow(), this.life)
    operated.subscribe(() => this.#seen.now(), this.life)
  }

  #follow() {
    const filters = JSON.stringify(filtersGiven())
    if (filters === this.#filters) return
    this.#filters = filters
    this.#wanted.delete("")
    this.#seen.anew()
  }

  /**
   * @param {AbortSignal} signal
   * @param {Seen | null} before
   * @returns {Promise<Seen>}
   */
  async #read(signal, before) {
    const filters = filtersGiven()
    if (filters !== null) {
      const matches = await get("/admin/actors", { query: { ...filters, limit: this.#limit("") }, signal })
      return { branches: before?.branches ?? new Map(), matches }
    }
    // the root is always asked for: it is where everything begins
    const branches = await Promise.all([...new Set(["/", ...this.#open])].map((path) => this.#branch(path, signal)))
    return { branches: new Map(branches.flatMap((branch) => (branch ? [[branch.node.path, branch]] : []))), matches: null }
  }

  /**
   * @param {string} path
   * @param {AbortSignal} signal
   * @returns {Promise<Branch | null>} null: it is gone, as actors go that have nothing to do
   */
  async #branch(path, signal) {
    try {
      const { actors } = await get("/admin/actors", { query: { under: path, levels: 1, limit: this.#limit(path) + 1 }, signal })
      const [node, ...children] = actors
      return node === undefined ? null : { node, children }
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== "actor_not_found") throw error
      this.#open.delete(path)
      return null
    }
  }

  /** @param {string} path */
  #limit(path) {
    return this.#wanted.get(path) ?? PAGE
  }

  get #rows() {
    const seen = this.#seen.value
    if (seen === null) return []
    return seen.matches ? flatRows(seen.matches.actors, seen.matches.total) : rowsOf(seen.branches, this.#open)
  }

  view() {
    const seen = this.#seen.value
    const rows = this.#rows
    this.#keepPlace(rows)
    return html`
      <div class="apart"><h2 id="actors">Actors</h2>${seen?.matches && html`<span class="soft small" role="status">${seen.matches.total === 1 ? "1 actor fits" : `${count(seen.matches.total)} actors fit`}</span><button @click=${clear}>Show the tree</button>`}${stale(this.#seen)}</div>
      ${filterBar()}
      ${seen === null && html`<div class="tree-place placeholder" aria-busy="true">.</div>`}
      ${rows.length > 0 && html`<div class="tree card flat" role="tree" aria-labelledby="actors" @keydown=${(/** @type {KeyboardEvent} */ event) => this.#key(event)} @click=${(/** @type {MouseEvent} */ event) => this.#click(event)}>
        ${rows.map((row) => keyed(row.id, this.#row(row, seen?.matches !== null)))}
      </div>`}`
  }

  painted() {
    if (!this.#follows) return
    this.#follows = false
    const row = /** @type {HTMLElement | null} */ (this.querySelector('[role="treeitem"][tabindex="0"]'))
    row?.focus()
  }

  /**
   * When the row is gone that the tabulator key leads to, the one that is in its place now takes over, with the focus.
   *
   * @param {readonly Row[]} rows
   */
  #keepPlace(rows) {
    const place = rows.findIndex(({ id }) => id === this.#current)
    if (place >= 0) this.#place = place
    else if (rows.length > 0) {
      this.#current = rows[Math.min(this.#place, rows.length - 1)]?.id ?? "/"
      this.#follows ||= document.activeElement?.getAttribute("role") === "treeitem"
    }
  }

  /**
   * @param {Row} row
   * @param {boolean} whole with the whole path as its name
   */
  #row(row, whole) {
    const { id, path, level, position, size, actor, open } = row
    const shown = actor !== null && given("actor") === path
    const wrong = actor && trouble(actor)
    return html`<div role="treeitem" class="node level-${Math.min(level, 8)} ${wrong ? (wrong.bad ? "ill" : "odd") : ""}" data-row="${id}" tabindex="${id === this.#current ? 0 : -1}"
      aria-level="${level}" aria-posinset="${position}" aria-setsize="${size}" aria-expanded=${open === null ? null : String(open)} aria-selected="${String(shown)}">
      ${actor ? described(row, actor, whole) : html`<span class="soft">${row.kind === "waiting" ? "Loading …" : this.#rest(row)}</span>`}
    </div>`
  }

  /** @param {Row} row */
  #rest({ path, left }) {
    return this.#limit(path) >= MOST ? `${count(left)} more: search for them` : `Show more of ${count(left)} that are not shown`
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const target = /** @type {Element} */ (event.target)
    const id = target.closest("[data-row]")?.getAttribute("data-row")
    const row = this.#rows.find((other) => other.id === id)
    if (row === undefined) return
    this.#current = row.id
    if (target.closest(".twist") && row.open !== null) this.#turn(row.path, !row.open)
    else this.#choose(row)
    this.update()
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const rows = this.#rows
    const row = rows.find(({ id }) => id === this.#current)
    if (row === undefined) return
    if (event.key === "Enter" || event.key === " ") {
      this.#choose(row)
    } else if (event.key.length === 1) {
      this.#typed = event.timeStamp - this.#typedAt < TYPING ? this.#typed + event.key : event.key
      this.#typedAt = event.timeStamp
      this.#go(found(rows, this.#current, this.#typed))
    } else {
      const move = moved(rows, this.#current, event.key)
      if (move === null) return
      if ("to" in move) this.#go(move.to)
      else if ("open" in move) this.#turn(move.open, true)
      else this.#turn(move.close, false)
    }
    event.preventDefault()
    this.update()
  }

  /** @param {string | null} id */
  #go(id) {
    if (id === null) return
    this.#current = id
    this.#follows = true
  }

  /** @param {Row} row */
  #choose(row) {
    if (row.kind === "actor") change({ actor: row.path })
    if (row.kind !== "more") return
    this.#wanted.set(row.path, Math.min(MOST, this.#limit(row.path) * 2))
    this.#seen.now()
  }

  /**
   * @param {string} path
   * @param {boolean} open
   */
  #turn(path, open) {
    this.#open = open ? opened(this.#open, path, MOST_OPEN) : closed(this.#open, path)
    this.#wanted.delete(path)
    if (open) this.#seen.now()
  }
}

/**
 * @param {Row} row
 * @param {Actor} actor
 * @param {boolean} whole
 */
function described({ open }, actor, whole) {
  const wrong = trouble(actor)
  const name = whole ? actor.path : lastPart(actor.path)
  return html`
    <span class="twist" aria-hidden="true">${open === null ? "" : open ? "▾" : "▸"}</span>
    <span class="node-name words"><span class="mono">${name}</span> <span class="soft small">${actor.kind}${actor.children > 0 && `, ${count(actor.children)} below`}</span></span>
    ${wrong && html`<span class="tag ${wrong.bad ? "halted" : "odd"}">${wrong.word}</span>`}
    <span class="node-state small ${actor.state === "running" ? "soft" : "strong"}">${wrong?.word !== actor.state && actor.state}</span>
    <span class="node-depth small">${actor.mailbox_capacity > 0 && depth(actor)}</span>
    <span class="node-restarts small ${actor.restarts > 0 ? "" : "soft"}">${actor.restarts > 0 && html`${actor.restarts}<span aria-hidden="true"> ↻</span><span class="unseen"> restarts</span>`}</span>
    <span class="node-at small" title="${actor.handling ?? ""}">${actor.handling_for !== null && html`<span class="unseen">at ${actor.handling} for </span>${span(actor.handling_for)}`}</span>`
}

/** @param {Actor} actor */
const depth = ({ mailbox_depth: waiting, mailbox_capacity: capacity }) =>
  html`<meter class="depth" min="0" max="${capacity}" high="${Math.floor(capacity * 0.8)}" optimum="0" .value=${waiting} aria-hidden="true"></meter> <span class="number ${waiting > 0 ? "strong" : "soft"}" title="of ${capacity}">${waiting}<span class="unseen"> of ${capacity} messages wait</span></span>`

customElements.define("arena-actor-tree", ActorTree)
