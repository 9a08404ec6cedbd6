/** Who one is, and what one has; and the dialog in which one becomes somebody. */

import { Component } from "../lib/component.js"
import { html } from "../lib/html.js"
import { sol } from "../lib/lamports.js"
import { Store } from "../lib/store.js"
import { balance, refreshBalance, takeGift } from "../wallet/balance.js"
import { burner, unavailable } from "../wallet/burner.js"
import { GIFT, chain } from "../wallet/chain.js"
import { session, signIn, signOut } from "../wallet/session.js"
import { connect, offers } from "../wallet/standard.js"
import { isDeclined } from "../wallet/wallet.js"
import { explain, notify, notifyFailure } from "./notices.js"
import { sigil } from "./sigil.js"

/** @typedef {import("../wallet/wallet.js").Wallet} Wallet */
/** @typedef {{ purpose: string, done: (signedIn: boolean) => void }} Wish */

/** The wish to be signed in, for which the dialog is open. */
const wish = new Store(/** @type {Wish | null} */ (null))

/**
 * Let the visitor choose a wallet and sign in, if nobody is signed in yet.
 *
 * @param {string} purpose what for, in a few words
 * @returns {Promise<boolean>} whether somebody is
 */
export function ensureSignedIn(purpose) {
  if (session.value !== null) return Promise.resolve(true)
  wish.value?.done(false)
  return new Promise((resolve) => {
    wish.value = {
      purpose,
      done(signedIn) {
        wish.value = null
        // when the dialog is gone: as long as it is there, nothing else can have the focus
        setTimeout(() => resolve(signedIn))
      },
    }
  })
}

/** @param {string} address */
export const shortAddress = (address) => `${address.slice(0, 4)}…${address.slice(-4)}`

class WalletMenu extends Component {
  #open = false
  #local = false

  connected() {
    this.watch(session, balance)
    chain().then(
      ({ faucet: open }) => {
        this.#local = open
        this.update()
      },
      () => {},
    )
    document.addEventListener("click", (event) => this.#open && !this.contains(/** @type {Node} */ (event.target)) && this.#toggle(false), {
      signal: this.life,
    })
    this.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.#open) return
      this.#toggle(false)
      this.querySelector("button")?.focus()
    })
  }

  view() {
    const who = session.value
    if (who === null) {
      return html`<button class="primary" @click=${() => ensureSignedIn("")}>Connect</button><arena-sign-in></arena-sign-in>`
    }
    const name = who.username ?? shortAddress(who.address)
    return html`
      <button class="who" aria-expanded="${String(this.#open)}" aria-controls="wallet-menu" @click=${() => this.#toggle(!this.#open)}>
        ${sigil(who.address, "small")}
        <span class="unseen">Wallet:</span>
        <span>${name}</span>
        <span class="soft holds">${balance.value === null ? "" : sol(balance.value)}</span>
      </button>
      <div id="wallet-menu" class="card menu" ?hidden=${!this.#open}>
        <p class="small"><span class="soft">Wallet</span><br><code class="words">${who.address}</code></p>
        <button @click=${() => this.#copy(who.address)}>Copy address</button>
        ${this.#local && html`<button @click=${() => this.#fund(who.address)}>Get ${GIFT / 1e9} SOL from the faucet</button>`}
        <a class="button" href="/me" @click=${() => this.#toggle(false)}>My profile</a>
        <button class="danger" @click=${() => this.#leave()}>Sign out</button>
      </div>
      <arena-sign-in></arena-sign-in>`
  }

  /** @param {boolean} open */
  #toggle(open) {
    this.#open = open
    if (open) void refreshBalance()
    this.update()
  }

  /** @param {string} address */
  async #copy(address) {
    try {
      await navigator.clipboard.writeText(address)
      notify("Address copied.", "good")
    } catch {
      notify("The browser does not let the page copy. Select the address and copy it by hand.", "bad")
    }
    this.#toggle(false)
  }

  /** @param {string} address */
  async #fund(address) {
    this.#toggle(false)
    try {
      await takeGift(address)
      notify(`${GIFT / 1e9} SOL of the local chain are yours.`, "good")
    } catch (error) {
      notifyFailure(error)
    }
  }

  async #leave() {
    this.#toggle(false)
    await signOut()
    notify("Signed out.")
  }
}

class SignIn extends Component {
  /** @type {string | null} what is going on */
  #busy = null
  #failure = ""
  #local = false
  /** the dialog that is being worked for: what belongs to an older one is dropped */
  #turn = 0

  connected() {
    this.watch(wish, offers)
    chain().then(
      (found) => {
        this.#local = found.chain === "localnet"
        this.update()
      },
      () => {},
    )
  }

  view() {
    if (wish.value === null) return null
    return html`<dialog aria-labelledby="sign-in" @close=${() => this.#close()} @click=${backdrop}>
      <div class="stack">
        <div class="dialog-head"><h2 id="sign-in">${wish.value.purpose || "Connect a wallet"}</h2><button class="plain icon" @click=${() => this.#close()} aria-label="Close">✕</button></div>
        <p class="soft">Signing in costs nothing and sends no transaction. Nobody here ever asks for a key or a seed phrase.</p>
        <div class="wallets">
          ${this.#local && this.#burner()}
          ${offers.value.map(
            ({ wallet, name, icon, unable }) => html`<button ?disabled=${this.#busy !== null || unable !== null} @click=${() => this.#use(() => connect(wallet, { silent: false }))}>
              ${icon && html`<img src="${icon}" alt="">`}<span>${name}${unable && html`<br><span class="why">${unable}</span>`}</span>
            </button>`,
          )}
          ${offers.value.length === 0 && html`<p class="soft small">No Solana wallet was found in this browser. ${this.#local ? "" : "Phantom, Solflare, Backpack and every other wallet of the Wallet Standard work."}</p>`}
        </div>
        <p role="status" class="soft" ?hidden=${this.#busy === null}>${this.#busy}</p>
        <p role="alert" class="bad" ?hidden=${this.#failure === ""}>${this.#failure}</p>
      </div>
    </dialog>`
  }

  painted() {
    const dialog = this.querySelector("dialog")
    if (dialog && !dialog.open) dialog.showModal()
  }

  #burner() {
    const why = unavailable()
    return html`<button class=${why === null ? "primary" : ""} ?disabled=${this.#busy !== null || why !== null} @click=${() => this.#use(() => burner({ create: true }))}>
      <span>Play at once with a burner wallet<br><span class="small">${why ?? "Made in this browser, filled with play money of the local chain."}</span></span>
    </button>`
  }

  /** @param {() => Promise<Wallet | null>} reach */
  async #use(reach) {
    const turn = ++this.#turn
    const say = (/** @type {string | null} */ busy, failure = "") => {
      if (turn !== this.#turn) return
      this.#busy = busy
      this.#failure = failure
      this.update()
    }
    say("Waiting for the wallet …")
    try {
      const wallet = await reach()
      if (wallet === null) return say(null, "The wallet has no Solana account for this page.")
      say("Signing in …")
      await signIn(wallet)
      if (wallet.kind === "burner") await fill(wallet.address)
      if (turn !== this.#turn) return
      say(null)
      wish.value?.done(true)
    } catch (error) {
      say(null, isDeclined(error) ? "You declined in your wallet. Nothing was signed." : explain(error))
    }
  }

  #close() {
    this.#turn++
    this.#busy = null
    this.#failure = ""
    wish.value?.done(session.value !== null)
  }
}

/**
 * Fill a burner wallet that is empty: a newcomer should not have to know what a faucet is.
 *
 * @param {string} address
 */
async function fill(address) {
  try {
    await refreshBalance()
    if ((balance.value ?? 0) < GIFT / 10) await takeGift(address)
  } catch (error) {
    notifyFailure(error)
  }
}

/** @param {Event} event */
function backdrop(event) {
  // the second click of a double one was meant for what opened the dialog
  const again = event instanceof MouseEvent && event.detail > 1
  if (event.target === event.currentTarget && !again) /** @type {HTMLDialogElement} */ (event.target).close()
}

customElements.define("arena-sign-in", SignIn)
customElements.define("arena-wallet-menu", WalletMenu)
