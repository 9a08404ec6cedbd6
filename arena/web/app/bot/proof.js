/** How everybody can check that a bot that is over was honest, in the browser and elsewhere. */

import { explain, notify } from "../components/notices.js"
import { Failure, get } from "../lib/api.js"
import { Component } from "../lib/component.js"
import { html } from "../lib/html.js"
import { fromHex, toHex } from "../wallet/base58.js"
import { chain, explorer } from "../wallet/chain.js"
import { sha256, uuidBytes } from "../wallet/checks.js"

/** @typedef {import("../../types/api.js").ProofResponse} Proof */
/** @typedef {{ what: string, right: boolean }} Finding */

class ProofPanel extends Component {
  /** @type {Proof | null} */
  #proof = null
  #failure = ""
  /** @type {Finding[] | null} */
  #findings = null
  /** @type {import("../wallet/chain.js").Chain | null} */
  #chain = null
  #hash = ""

  /** @param {string} hash the commitment, as it was when the bot was open */
  set commitment(hash) {
    this.#hash = hash
  }

  /** @param {string} status of the bot: with another one there may be a proof */
  set status(status) {
    void status
    if (this.isConnected && this.#proof === null) void this.#load()
  }

  connected() {
    void this.#load()
  }

  async #load() {
    try {
      this.#chain = await chain()
      this.#proof = await get("/api/v1/bots/{bot_id}/proof", { path: { bot_id: this.getAttribute("bot") ?? "" }, signal: this.life })
      this.#failure = ""
    } catch (error) {
      if (this.life.aborted) return
      const early = error instanceof Failure && error.code === "proof_not_revealed"
      this.#failure = early ? "The solution is revealed here as soon as the payout is final on the chain." : explain(error)
    }
    this.update()
  }

  view() {
    const proof = this.#proof
    if (proof === null) return html`<section class="stack"><h2>Proof</h2><p class="soft" role="status">${this.#failure || "Loading …"}</p></section>`
    const solution = solutionOf(proof)
    const { winning_message: winning } = proof
    return html`<section class="stack proof">
      <h2>Proof</h2>
      <p>The solution was:</p>
      <p class="words solution" dir="auto">${solution}</p>
      ${winning && html`<p class="small">Message #${winning.message_index}, “<span class="words" dir="auto">${winning.text}</span>”, won it.</p>`}
      <div class="row"><button class="primary" @click=${() => this.#check(proof)}>Check it yourself</button></div>
      <div role="status">${this.#findings && html`<ul class="findings">${this.#findings.map(({ what, right }) => html`<li class="${right ? "good" : "bad"}">${right ? "✓" : "✗"} ${what}</li>`)}</ul>`}</div>
      <details><summary>Without this page</summary>
        <p class="small">The hash of salt and puzzle is the commitment on the chain:</p>
        <pre class="small" tabindex="0"><code>curl -s ${location.origin}/api/v1/bots/${proof.bot_id}/proof > proof.json
{ jq -r .salt proof.json | xxd -r -p; jq -j .canonical proof.json; } | sha256sum
# ${proof.objective_hash}</code></pre>
        <p class="small">The whole life of the bot, from the chain alone:</p>
        <pre class="small" tabindex="0"><code>arena verify ${proof.address} --url ${location.origin}</code></pre>
        <dl class="facts small">${Object.entries(proof.signatures).map(([name, signature]) => signature && html`<dt>${name}</dt><dd>${this.#link(String(signature))}</dd>`)}</dl>
      </details>
    </section>`
  }

  /** @param {string} signature */
  #link(signature) {
    const to = this.#chain && explorer(this.#chain, "tx", signature)
    const text = html`<code title="${signature}">${signature.slice(0, 16)}…</code>`
    return to ? html`<a href="${to}" target="_blank" rel="noreferrer">${text}</a>` : text
  }

  /** @param {Proof} proof */
  async #check(proof) {
    const encoder = new TextEncoder()
    const committed = toHex(await sha256(fromHex(proof.salt), encoder.encode(proof.canonical)))
    const puzzle = JSON.parse(proof.canonical)
    const { winning_message: winning } = proof
    this.#findings = [
      { what: "The revealed puzzle has the hash that the bot showed when it opened.", right: committed === this.#hash && committed === proof.objective_hash },
      { what: "The solution shown here is part of what was hashed.", right: JSON.stringify(sorted(puzzle.secret)) === JSON.stringify(sorted(proof.secret)) },
    ]
    if (winning) {
      const paid = toHex(await sha256(uuidBytes(winning.message_id), encoder.encode(winning.text)))
      this.#findings.push({ what: "The winning text is the one that was paid for.", right: paid === winning.content_hash })
    }
    this.update()
    if (this.#findings.every(({ right }) => right)) notify("Everything is as it was committed to.", "good")
    else notify("Something does not fit. Please tell the operators, and check with `arena verify`.", "bad")
  }
}

/** @param {Proof} proof */
function solutionOf({ kind, secret }) {
  const { phrase } = secret
  return kind === "passphrase" && typeof phrase === "string" ? phrase : JSON.stringify(secret, null, 2)
}

/**
 * @param {unknown} value
 * @returns {unknown} the same with all members in order, so that it can be compared as text
 */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)).map(([name, member]) => [name, sorted(member)]))
}

customElements.define("arena-proof", ProofPanel)
