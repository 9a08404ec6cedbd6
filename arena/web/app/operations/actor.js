/** One actor: all that is known of it, what it says of itself, and what operators may do to it. */

import "./operating.js"
import { stale } from "../components/trouble.js"
import { Failure, get } from "../lib/api.js"
import { Component } from "../lib/component.js"
import { html } from "../lib/html.js"
import { Poll } from "../lib/poll.js"
import { address } from "../lib/router.js"
import { operated } from "./operating.js"
import { change, given } from "./query.js"
import { trouble } from "./rows.js"
import { count, span, told } from "./words.js"

/** @typedef {import("../../types/api.js").ActorSummary & { details: Record<string, unknown> }} Actor */
/** @typedef {import("../components/asking.js").Asking<import("./operating.js").Operation>} Dialog */

const EVERY = 2_000

class ActorPanel extends Component {
  /** @type {Poll<Actor> | null} null: none is chosen */
  #actor = null
  #path = ""
  #life = new AbortController()

  connected() {
    address.subscribe(() => this.#follow(), this.life)
    operated.subscribe(() => this.#actor?.now(), this.life)
    this.life.addEventListener("abort", () => this.#life.abort())
    this.#path = ""
    this.#follow()
  }

  #follow() {
    const path = given("actor")
    if (path === this.#path) return
    this.#path = path
    this.#life.abort()
    this.#life = new AbortController()
    this.#actor = path === "" ? null : new Poll((signal) => read(path, signal), { every: EVERY, signal: this.#life.signal })
    this.#actor?.subscribe(() => this.update(), this.#life.signal)
    this.update()
  }

  view() {
    const path = this.#path
    if (this.#actor === null) return html`<aside class="card actor nobody" aria-label="Chosen actor"><p class="soft">Choose an actor to see what it says of itself, and to restart it.</p></aside>`
    const { value: actor, error } = this.#actor
    const gone = error instanceof Failure && error.status === 404
    return html`<aside class="card actor stack tight" aria-labelledby="actor-heading">
      <div class="dialog-head"><h3 id="actor-heading" class="mono words">${path}</h3><button class="plain icon" aria-label="Close" @click=${() => change({ actor: "" })}>✕</button></div>
      ${gone && html`<p class="notice">It is not up now. Actors of bots, sessions and settlements go to sleep when they have nothing to do, and come back with their next message.</p>`}
      ${actor === null ? !gone && error === null && html`<div class="rows-place placeholder" aria-busy="true">.</div>` : this.#about(actor)}
      ${!gone && stale(this.#actor)}
      <arena-operating></arena-operating>
    </aside>`
  }

  /** @param {Actor} actor */
  #about(actor) {
    const { path, kind } = actor
    const wrong = trouble(actor)
    return html`
      <p><span class="tag ${actor.state === "running" ? "open" : "halted"}">${actor.state}</span> ${wrong && wrong.word !== actor.state && html`<span class="tag ${wrong.bad ? "halted" : "odd"}">${wrong.word}</span>`} <span class="soft">${kind}</span></p>
      ${path === "/" ? html`<p class="soft small">The root is the arena itself: stop or restart the process, by a signal.</p>` : this.#operations(actor)}
      ${actor.last_error !== null && html`<div><h4>Last error</h4><pre class="bad" tabindex="0">${actor.last_error}</pre></div>`}
      <dl class="facts">
        <dt>At a message</dt><dd>${actor.handling === null ? "none" : html`<code>${actor.handling}</code> for ${span(actor.handling_for)}`}</dd>
        <dt>Messages that wait</dt><dd>${actor.mailbox_capacity > 0 ? `${count(actor.mailbox_depth)} of at most ${count(actor.mailbox_capacity)}` : "it has no mailbox"}</dd>
        <dt>Handled</dt><dd>${count(actor.handled)}</dd>
        <dt>Crashes</dt><dd>${count(actor.failed)}</dd>
        <dt>Restarts</dt><dd>${count(actor.restarts)}</dd>
        <dt>Up for</dt><dd>${span(actor.age)}</dd>
        <dt>Idle for</dt><dd>${span(actor.idle)}</dd>
        <dt>Directly below it</dt><dd>${count(actor.children)}</dd>
      </dl>
      ${Object.keys(actor.details).length > 0 && html`<h4>What it says of itself</h4><dl class="facts details">${Object.entries(actor.details).map(([name, value]) => html`<dt>${name.replaceAll("_", " ")}</dt><dd class="${typeof value === "object" && value !== null ? "told" : ""}">${told(value, name)}</dd>`)}</dl>`}`
  }

  /** @param {Actor} actor */
  #operations({ path, kind, state }) {
    const ask = (/** @type {"restart" | "stop"} */ operation) => /** @type {Dialog | null} */ (this.querySelector("arena-operating"))?.ask({ operation, path, kind })
    const down = state === "stopped" || state === "failed"
    return html`<div class="row tight">
      <button @click=${() => ask("restart")}>${down ? "Start again" : "Restart"} …</button>
      <button class="danger" aria-disabled=${down ? "true" : null} @click=${() => down || ask("stop")}>Stop …</button>
      <button class="plain" @click=${() => this.#history(path)}>What was done to it</button>
    </div>`
  }

  /** @param {string} path */
  #history(path) {
    change({ subject: path })
    document.getElementById("audit")?.scrollIntoView({ block: "start" })
  }
}

/**
 * @param {string} path
 * @param {AbortSignal} signal
 * @returns {Promise<Actor>}
 */
async function read(path, signal) {
  if (path !== "/") return get("/admin/actors/{path}", { path: { path: path.slice(1) }, signal })
  const { actors } = await get("/admin/actors", { query: { levels: 0 }, signal })
  const [root] = actors
  if (root === undefined) throw new Error("The arena has no actors.")
  return { ...root, details: {} }
}

customElements.define("arena-actor", ActorPanel)
