/** Opening a bot: its puzzle and its terms with a preview of both, then the way onto the chain. */

import "../opening/launching.js"
import "../opening/preview.js"
import { KINDS } from "../components/bot_card.js"
import { explain, notify } from "../components/notices.js"
import { trouble } from "../components/trouble.js"
import { ensureSignedIn } from "../components/wallet_menu.js"
import { get, post } from "../lib/api.js"
import { Component } from "../lib/component.js"
import { html, keyed } from "../lib/html.js"
import { address, navigate } from "../lib/router.js"
import { at } from "../lib/time.js"
import { field, goTo, settle } from "../opening/fields.js"
import { keep, kept, newForm, requestOf } from "../opening/form.js"
import { checkDraft } from "../opening/launch.js"
import { puzzle } from "../opening/puzzle.js"
import { termsFields } from "../opening/terms.js"
import { asEdited, placed, wrongOf } from "../opening/wrong.js"
import { session } from "../wallet/session.js"

/** @typedef {import("../opening/form.js").Form} Form */
/** @typedef {import("../opening/form.js").Wrong} Wrong */
/** @typedef {import("../../types/api.js").DraftBot} DraftBot */
/** @typedef {import("../../types/api.js").DraftResponse} Draft */
/** @typedef {import("../../types/api.js").OwnBot} OwnBot */
/** @typedef {import("../../types/api.js").TermsResponse} Terms */

/** One attempt to draft: as long as nothing is changed it is repeated as it was, so that it makes one draft. */
/** @typedef {{ of: string, request: DraftBot, key: string }} Attempt */

class Open extends Component {
  #form = kept()
  #apiKey = ""
  /** @type {ReadonlyMap<string, string>} */
  #wrong = new Map()
  #failure = ""
  #busy = false
  /** @type {Attempt | null} */
  #attempt = null
  /** the draft that was made just now @type {Draft | null} */
  #draft = null
  /** @type {readonly OwnBot[]} */
  #drafts = []
  /** @type {Terms | null} */
  #terms = null
  /** @type {unknown} why the terms are not known */
  #error = null

  connected() {
    document.title = "Open a bot · Arena"
    this.watch(session, address)
    let who = session.value?.address
    session.subscribe(() => {
      if (who === session.value?.address) return
      who = session.value?.address
      void this.#readDrafts()
    }, this.life)
    let launched = this.#launched
    address.subscribe(() => {
      if (address.value.pathname !== "/open" || this.#launched === launched) return
      launched = this.#launched
      if (launched === null) this.#back()
    }, this.life)
    void this.#readTerms()
    void this.#readDrafts()
  }

  /** Id of the draft that is opened. */
  get #launched() {
    return address.value.searchParams.get("draft")
  }

  view() {
    const id = this.#launched
    const who = session.value
    if (id === null) return [keyed("form", html`<div class="open-page">${this.#formView()}</div>`)]
    if (who === null) {
      return html`<div class="empty stack"><h1>Open a bot</h1><p>A draft is for its creator alone.</p><p><button class="primary" @click=${() => ensureSignedIn("Go on opening your bot")}>Connect</button></p></div>`
    }
    const draft = this.#draft?.bot.id === id ? this.#draft : null
    return [keyed(`${who.address} ${id}`, html`<arena-launching class="stack launching" bot="${id}" .draft=${draft} .terms=${this.#terms} @opened=${() => this.#opened(id)}></arena-launching>`)]
  }

  painted() {
    settle(this)
  }

  #formView() {
    const form = this.#form
    const fields = { values: form.values, wrong: this.#wrong, change: (/** @type {() => void} */ change, /** @type {{ at?: string, next?: string }} */ places = {}) => this.#change(change, places) }
    const others = this.#wrong.get("")
    return html`
      <div class="open-head stack">
        <div class="apart"><h1>Open a bot</h1><button type="button" class="plain" @click=${() => this.#clear()}>Clear the form</button></div>
        <p class="soft">You invent a puzzle and put a pot in front of it. Everybody who tries pays for each message; a share of it is yours.</p>
        ${this.#drafts.length > 0 && draftList(this.#drafts)}
        ${trouble(this.#error, () => this.#readTerms())}
      </div>
      <form class="open-form stack" id="opening" novalidate @submit=${(/** @type {SubmitEvent} */ event) => this.#submit(event)}>
        <section class="card stack" aria-labelledby="puzzle">
          <h2 id="puzzle">The puzzle</h2>
          <fieldset class="kinds"><legend>Kind</legend>${KINDS.map(([kind, name]) => this.#kind(kind, name))}</fieldset>
          ${field(fields, "name", { label: "Name", help: "It cannot be changed later.", most: 60, placeholder: "The Keeper of Skerry Light" })}
          ${[keyed(form.kind, html`<div class="stack">${puzzle(form, fields, this.#terms, { value: this.#apiKey, typed: (key) => void (this.#apiKey = key) })}</div>`)]}
        </section>
        <section class="card stack" aria-labelledby="terms">
          <h2 id="terms">The terms</h2>
          ${termsFields(form, fields, this.#terms)}
        </section>
      </form>
      <aside class="open-aside stack" aria-labelledby="preview">
        <arena-preview class="stack" .shown=${{ form, terms: this.#terms }}></arena-preview>
      </aside>
      <div class="open-end stack">
        <div class="notice bad" role="alert" ?hidden=${this.#failure === "" && !others}>${[others, this.#failure].filter(Boolean).join(" ")}</div>
        <button class="primary" form="opening" aria-disabled=${this.#busy ? "true" : null}>${this.#busy ? "One moment …" : "Open this bot"}</button>
        <p class="soft small">It is drafted first, which costs nothing. Then your wallet signs one transaction that puts in the pot.</p>
      </div>`
  }

  /**
   * @param {Form["kind"]} kind
   * @param {string} name
   */
  #kind(kind, name) {
    const terms = this.#terms
    const lacking = terms !== null && (!terms.kinds.includes(kind) || (kind === "llm" && terms.models.length + terms.endpoints.length === 0))
    const what = {
      passphrase: "Guards a phrase; hints come as messages add up.",
      script: "A scene that you write, with rules that all can check.",
      llm: lacking ? "This arena has no language models." : "A language model in a role, which decides itself.",
    }[kind]
    return html`<label class="kind"><input type="radio" name="kind" value="${kind}" .checked=${this.#form.kind === kind} ?disabled=${lacking} @change=${() => this.#change(() => void (this.#form.kind = kind), { at: "" })}>
      <span>${name}<br><span class="help">${what}</span></span></label>`
  }

  /**
   * @param {() => void} change
   * @param {{ at?: string, next?: string }} places
   */
  #change(change, { at: path, next }) {
    try {
      change()
      if (path !== undefined) this.#wrong = new Map([...this.#wrong].filter(([one]) => path !== "" && one !== path && !one.startsWith(`${path}.`)))
    } catch (error) {
      // only a change of the way to edit can fail, at the field that it is about
      this.#wrong = new Map([...this.#wrong, [path ?? "", explain(error)]])
      next = path
    }
    keep(this.#form)
    if (next === undefined) this.update()
    else {
      this.paint()
      goTo(this, next)
    }
  }

  /** From a draft to the form again. */
  #back() {
    this.#draft = null
    void this.#readDrafts()
    this.paint()
    const heading = this.querySelector("h1")
    heading?.setAttribute("tabindex", "-1")
    heading?.focus()
  }

  #clear() {
    const before = this.#form
    this.#form = newForm()
    this.#apiKey = ""
    this.#wrong = new Map()
    this.#failure = ""
    keep(this.#form)
    this.update()
    if (JSON.stringify(before) !== JSON.stringify(this.#form)) notify("The form is cleared.")
  }

  /** @param {SubmitEvent} event */
  async #submit(event) {
    event.preventDefault()
    if (this.#busy) return
    this.#busy = true
    this.#failure = ""
    this.#wrong = new Map()
    this.update()
    try {
      await this.#open()
    } catch (error) {
      const wrong = wrongOf(error)
      if (wrong.length > 0) this.#refused(wrong)
      else this.#failure = explain(error)
    }
    this.#busy = false
    this.update()
  }

  async #open() {
    const { request, wrong } = requestOf(this.#form, this.#apiKey, Date.now())
    if (wrong !== null) return this.#refused(wrong)
    if (!(await ensureSignedIn("Open your bot"))) return
    const of = JSON.stringify([session.value?.address, this.#form, this.#apiKey])
    if (this.#attempt?.of !== of) this.#attempt = { of, request, key: crypto.randomUUID() }
    const { request: body, key } = this.#attempt
    const draft = await post("/api/v1/bots", { body, idempotencyKey: key })
    this.#attempt = null
    checkDraft(draft.bot, body)
    this.#draft = draft
    this.#form.draft = draft.bot.id
    this.#apiKey = ""
    keep(this.#form)
    if (!this.isConnected) return
    navigate(`/open?draft=${draft.bot.id}`)
    scrollTo(0, 0)
  }

  /** @param {readonly Wrong[]} wrong */
  #refused(wrong) {
    const edited = wrong.map(({ field, message }) => ({ field: asEdited(field, this.#form), message }))
    const shown = [...this.querySelectorAll("[data-field]")].map((place) => /** @type {HTMLElement} */ (place).dataset.field ?? "")
    this.#wrong = placed(edited, shown)
    this.paint()
    const first = shown.find((path) => this.#wrong.has(path))
    if (first !== undefined) goTo(this, first)
  }

  /** @param {string} id */
  #opened(id) {
    this.#draft = null
    if (this.#form.draft !== id) return
    this.#form = newForm()
    keep(null)
  }

  async #readTerms() {
    this.#error = null
    this.update()
    try {
      this.#terms = await get("/api/v1/terms", { signal: this.life })
    } catch (error) {
      if (this.life.aborted) return
      this.#error = error
    }
    this.update()
  }

  /** Drafts that wait are worth a word, but the form is there without them. */
  async #readDrafts() {
    const who = session.value?.address
    /** @type {readonly OwnBot[]} */
    let found = []
    if (who !== undefined) found = await get("/api/v1/users/me/bots", { query: { status: "draft", limit: 5 }, signal: this.life }).then(({ bots }) => bots, () => [])
    if (this.life.aborted || who !== session.value?.address) return
    this.#drafts = found
    this.update()
  }
}

/** @param {readonly OwnBot[]} drafts */
const draftList = (drafts) => html`<section class="notice stack" aria-labelledby="drafts">
  <h2 id="drafts">Not opened yet</h2>
  <ul class="drafts">${drafts.map((draft) =>
    keyed(draft.id, html`<li class="apart"><span><span class="words strong">${draft.name}</span> <span class="soft small">${draft.status === "draft" && `to end ${at(draft.closes_at)}`}</span></span><a class="button" href="/open?draft=${draft.id}" aria-label="Continue opening ${draft.name}">Continue</a></li>`),
  )}</ul>
</section>`

customElements.define("page-open", Open)
