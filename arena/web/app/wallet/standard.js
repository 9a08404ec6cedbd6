/**
 * Wallets of the Wallet Standard, which announce themselves to the page. https://github.com/wallet-standard/wallet-standard
 */

import { Store } from "../lib/store.js"

/** @typedef {import("./wallet.js").Wallet} Wallet */

/** @typedef {{ address: string, publicKey: Uint8Array, chains: readonly string[], features: readonly string[] }} Account */

/**
 * What a wallet announces. Features are versioned interfaces under names like `solana:signMessage`.
 *
 * @typedef {object} Announced
 * @property {string} version
 * @property {string} name
 * @property {string} icon
 * @property {readonly string[]} chains
 * @property {Readonly<Record<string, any>>} features
 * @property {readonly Account[]} accounts
 */

/** @typedef {{ wallet: Announced, name: string, icon: string, unable: string | null }} Offer */

/** The wallets that can be had, in the order in which they came. @type {Store<readonly Offer[]>} */
export const offers = new Store(/** @type {readonly Offer[]} */ ([]))

/** Listen to wallets that announce themselves, and tell those that are there already that somebody listens. */
export function listen() {
  const api = Object.freeze({ register: (/** @type {Announced[]} */ ...wallets) => register(wallets) })
  addEventListener("wallet-standard:register-wallet", (event) => {
    const { detail } = /** @type {CustomEvent<(api: object) => void>} */ (event)
    if (typeof detail === "function") detail(api)
  })
  dispatchEvent(new CustomEvent("wallet-standard:app-ready", { detail: api }))
}

/** @param {readonly Announced[]} wallets */
function register(wallets) {
  const known = new Set(offers.value.map(({ wallet }) => wallet))
  const added = wallets.filter((wallet) => !known.has(wallet) && wallet.chains?.some((chain) => chain.startsWith("solana:")))
  offers.value = [...offers.value, ...added.map((wallet) => ({ wallet, name: wallet.name, icon: icon(wallet), unable: unable(wallet) }))]
  return () => {
    offers.value = offers.value.filter(({ wallet }) => !wallets.includes(wallet))
  }
}

/**
 * Why a wallet cannot be played with; null: it can.
 *
 * @param {Announced} wallet
 */
function unable({ features }) {
  if (!("standard:connect" in features)) return "This wallet does not let pages connect."
  if (!("solana:signTransaction" in features)) {
    return "solana:signAndSendTransaction" in features
      ? "This wallet signs and sends by itself. Here the arena signs last, so that only what it has stored is ever paid: choose a wallet that can sign without sending."
      : "This wallet does not sign transactions."
  }
  if (!("solana:signMessage" in features) && !("solana:signIn" in features)) return "This wallet does not sign messages, which is how you sign in."
  return null
}

/** @param {Announced} wallet */
const icon = (wallet) => (/^data:image\/(svg\+xml|webp|png|gif);base64,/.test(wallet.icon) ? wallet.icon : "")

/**
 * Connect to a wallet.
 *
 * @param {Announced} announced
 * @param {{ silent: boolean }} options silent: only if its owner has allowed this page before
 * @returns {Promise<Wallet | null>} null: it has no account for the page
 */
export async function connect(announced, { silent }) {
  const { features } = announced
  const { accounts } = await features["standard:connect"].connect(silent ? { silent: true } : undefined)
  const account = /** @type {Account | undefined} */ (
    [...accounts, ...announced.accounts].find(({ chains }) => chains.some((/** @type {string} */ chain) => chain.startsWith("solana:")))
  )
  if (account === undefined) return null
  return {
    name: announced.name,
    icon: icon(announced),
    kind: "standard",
    address: account.address,
    async signMessage(message) {
      const [signed] = await features["solana:signMessage"].signMessage({ account, message })
      return signed.signature
    },
    async signTransaction(transaction) {
      const chain = account.chains.find((one) => one.startsWith("solana:"))
      const [signed] = await features["solana:signTransaction"].signTransaction({ account, transaction, chain })
      return signed.signedTransaction
    },
    signIn:
      "solana:signIn" in features
        ? async (input) => {
            const [signed] = await features["solana:signIn"].signIn(input)
            return { address: signed.account.address, message: new TextDecoder().decode(signed.signedMessage), signature: signed.signature }
          }
        : null,
    disconnect: async () => void (await features["standard:disconnect"]?.disconnect()),
    changed: (heard) => void features["standard:events"]?.on("change", (/** @type {object} */ change) => "accounts" in change && heard()),
  }
}
