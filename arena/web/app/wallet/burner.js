/**
 * A wallet of the browser's own, for the local chain, whose money is worth nothing.
 *
 * Its key is made by the browser and cannot be taken out of it: it is kept as an object that signs, not as bytes.
 */

import { toBase58 } from "./base58.js"
import { takeApart, withSignature } from "./transaction.js"

/** @typedef {import("./wallet.js").Wallet} Wallet */

const DATABASE = "arena"
const KEYS = "keys"
const NAME = "burner"

/** Why there can be none here; null: there can. */
export function unavailable() {
  if (!isSecureContext) return "Browsers keep keys for pages from https:// or from this machine only. Open the arena as http://127.0.0.1 or through TLS."
  if (!("indexedDB" in globalThis)) return "This browser does not let the page keep anything."
  return null
}

/**
 * The burner wallet, made if there is none yet.
 *
 * @param {{ create: boolean }} options
 * @returns {Promise<Wallet | null>} null: there is none, and none was to be made
 * @throws {Error} the browser has no Ed25519, or keeps nothing
 */
export async function burner({ create }) {
  const pair = await keyPair(create)
  if (pair === null) return null
  const address = toBase58(new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)))
  /** @param {Uint8Array} bytes */
  const sign = async (bytes) => new Uint8Array(await crypto.subtle.sign("Ed25519", pair.privateKey, bytes.slice()))
  return {
    name: "Burner wallet",
    icon: null,
    kind: "burner",
    address,
    signMessage: sign,
    async signTransaction(bytes) {
      const transaction = takeApart(bytes)
      return withSignature(transaction, address, await sign(transaction.message))
    },
    signIn: null,
    disconnect: async () => {},
    changed: () => {},
  }
}

/** Forget the key, and with it all that the wallet holds. */
export async function forget() {
  const database = await open()
  await done(database.transaction(KEYS, "readwrite").objectStore(KEYS).delete(NAME))
}

/**
 * @param {boolean} create
 * @returns {Promise<CryptoKeyPair | null>}
 */
async function keyPair(create) {
  const database = await open()
  const found = await done(database.transaction(KEYS).objectStore(KEYS).get(NAME))
  if (found || !create) return found ?? null
  const made = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]).catch(() => {
    throw new Error("This browser cannot make Solana's keys (Ed25519). Use a newer one, or a wallet.")
  })
  // two tabs may make one each: the first to be stored is the wallet's
  const store = database.transaction(KEYS, "readwrite").objectStore(KEYS)
  await done(store.add(made, NAME)).catch(() => null)
  return done(database.transaction(KEYS).objectStore(KEYS).get(NAME))
}

/** @returns {Promise<IDBDatabase>} */
function open() {
  const request = indexedDB.open(DATABASE, 1)
  request.onupgradeneeded = () => request.result.createObjectStore(KEYS)
  return done(request)
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = (event) => {
      event.preventDefault()
      reject(request.error ?? new Error("The browser keeps nothing for this page."))
    }
  })
}
