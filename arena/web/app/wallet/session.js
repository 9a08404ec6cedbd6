/**
 * Who is signed in: the wallet, its tokens, and how to get the next ones. One for all tabs of a browser.
 *
 * The tokens are in the browser's storage for this origin. Tabs take turns to refresh them, since a refresh token
 * counts once; the id of a refresh is written down before it is asked for, so that one whose answer was lost is
 * asked for again and not a second time. docs/protocol.md, "Tokens".
 */

import { Failure, authorizeWith, get, request } from "../lib/api.js"
import { Store } from "../lib/store.js"
import { fromBase64, toBase58, toBase64 } from "./base58.js"
import { burner } from "./burner.js"
import { connect, offers } from "./standard.js"

/** @typedef {import("./wallet.js").Wallet} Wallet */
/** @typedef {import("../../types/api.js").SessionResponse} SessionResponse */

/**
 * What is kept between visits.
 *
 * @typedef {object} Kept
 * @property {string} address
 * @property {string} walletName
 * @property {string} token
 * @property {string} tokenEnds
 * @property {string} refreshToken
 * @property {string} sessionEnds
 * @property {string | null} refreshing id of the refresh that is under way
 */

/** @typedef {{ address: string, wallet: Wallet | null, operator: boolean, username: string | null }} SignedIn */

const KEY = "arena.session"
const LOCK = "arena.session"
const BURNER = "Burner wallet"
/** Milliseconds before its end from which on a token is renewed. */
const EARLY = 30_000

/** Who is signed in; null: nobody. The wallet is null while it has not connected again after a reload. */
export const session = new Store(/** @type {SignedIn | null} */ (null))

/** @returns {Kept | null} */
function kept() {
  const text = localStorage.getItem(KEY)
  if (text === null) return null
  const found = /** @type {Kept} */ (JSON.parse(text))
  return Date.parse(found.sessionEnds) > Date.now() ? found : null
}

/** @param {Kept | null} next */
function keep(next) {
  if (next === null) localStorage.removeItem(KEY)
  else localStorage.setItem(KEY, JSON.stringify(next))
}

/**
 * @param {SessionResponse} answer
 * @param {string} walletName
 */
function keepAnswer(answer, walletName) {
  keep({
    address: answer.user.wallet,
    walletName,
    token: answer.token,
    tokenEnds: answer.expires_at,
    refreshToken: answer.refresh_token,
    sessionEnds: answer.session_expires_at,
    refreshing: null,
  })
}

/** Take up the session of an earlier visit, and hear what other tabs do. */
export async function resume() {
  authorizeWith({ current: currentToken, renew })
  addEventListener("storage", ({ key }) => key === KEY && void follow())
  await follow()
}

/** Be who the storage says, after a reload or when another tab has changed it. */
async function follow() {
  const found = kept()
  if (found?.address === session.value?.address) return
  session.value = found && { address: found.address, wallet: null, operator: false, username: null }
  if (found === null) return
  void learn()
  await reconnect(found)
}

/** Ask the arena who that is. */
async function learn() {
  try {
    const { user, operator } = await get("/api/v1/auth/session")
    if (session.value?.address === user.wallet) session.value = { ...session.value, operator, username: user.username }
  } catch (error) {
    if (!(error instanceof Failure)) throw error
  }
}

/** @param {Kept} found */
async function reconnect({ address, walletName }) {
  if (walletName === BURNER) return have(address, await burner({ create: false }))
  const announced = async () => {
    const offer = offers.value.find(({ name, unable }) => name === walletName && unable === null)
    if (offer) have(address, await connect(offer.wallet, { silent: true }).catch(() => null))
    return offer !== undefined
  }
  if (await announced()) return
  const waiting = new AbortController()
  offers.subscribe(async () => (await announced()) && waiting.abort(), waiting.signal)
}

/**
 * @param {string} address
 * @param {Wallet | null} wallet
 */
function have(address, wallet) {
  if (wallet?.address !== address || session.value?.address !== address) return
  session.value = { ...session.value, wallet }
  wallet.changed(() => session.value?.wallet === wallet && void signOut())
}

/**
 * The wallet that is signed in, connected if it is not yet.
 *
 * @returns {Promise<Wallet>}
 * @throws {Error} it is not there, or shows another account
 */
export async function connected() {
  const found = kept()
  if (session.value === null || found === null) throw new Error("Nobody is signed in.")
  if (session.value.wallet !== null) return session.value.wallet
  const offer = offers.value.find(({ name }) => name === found.walletName)
  const wallet = found.walletName === BURNER ? await burner({ create: false }) : offer && (await connect(offer.wallet, { silent: false }))
  if (!wallet) throw new Error(`${found.walletName} does not answer. Is it installed and unlocked?`)
  if (wallet.address !== found.address) throw new Error(`${found.walletName} shows another account than the one that is signed in. Choose ${found.address} there, or sign out.`)
  have(found.address, wallet)
  return wallet
}

/**
 * Prove to hold a wallet. Replaces whoever was signed in.
 *
 * @param {Wallet} wallet
 */
export async function signIn(wallet) {
  const nonce = /** @type {import("../../types/api.js").NonceResponse} */ (
    await request("POST", "/api/v1/auth/nonce", { body: { address: wallet.address } }, null)
  )
  /** @type {{ signature: Uint8Array, message?: string }} */
  let proof
  if (wallet.signIn !== null) {
    const signed = await wallet.signIn(nonce.sign_in)
    if (signed.address !== wallet.address) throw new Error(`${wallet.name} signed in with another account than the one it showed. Try again.`)
    proof = { signature: signed.signature, message: signed.message }
  } else proof = { signature: await wallet.signMessage(new TextEncoder().encode(nonce.message)) }
  const answer = /** @type {SessionResponse} */ (
    await request(
      "POST",
      "/api/v1/auth/session",
      {
        body: {
          address: wallet.address,
          nonce: nonce.nonce,
          signature: toBase58(proof.signature),
          ...(proof.message === undefined ? {} : { message: proof.message }),
        },
      },
      null,
    )
  )
  keepAnswer(answer, wallet.name)
  session.value = { address: wallet.address, wallet, operator: false, username: answer.user.username }
  wallet.changed(() => session.value?.wallet === wallet && void signOut())
  await learn()
}

/** End the session, here and at the arena. What a browser keeps of the wallet stays. */
export async function signOut() {
  const token = kept()?.token ?? null
  const wallet = session.value?.wallet
  keep(null)
  session.value = null
  // where the arena cannot be reached, the token still ends by itself
  if (token !== null) await request("DELETE", "/api/v1/auth/session", {}, token).catch(() => null)
  await wallet?.disconnect().catch(() => null)
}

/**
 * A token that is good for a while; null: nobody is signed in.
 *
 * @returns {Promise<string | null>}
 */
export async function currentToken() {
  const found = kept()
  if (found === null) return null
  return Date.parse(found.tokenEnds) - Date.now() > EARLY ? found.token : renew(found.token)
}

/**
 * The next token in the place of one that has run out.
 *
 * @param {string} spent
 * @returns {Promise<string | null>} null: the session is over, and the wallet has to sign in again
 */
export async function renew(spent) {
  return exclusively(async () => {
    const found = kept()
    if (found === null) return null
    if (found.token !== spent) return found.token
    const id = found.refreshing ?? crypto.randomUUID()
    keep({ ...found, refreshing: id })
    try {
      const body = { refresh_token: found.refreshToken, id }
      const answer = /** @type {SessionResponse} */ (await request("POST", "/api/v1/auth/refresh", { body }, null))
      keepAnswer(answer, found.walletName)
      return answer.token
    } catch (error) {
      if (!(error instanceof Failure) || error.status !== 401) throw error
      keep(null)
      session.value = null
      return null
    }
  })
}

/**
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>} of it, done by one tab at a time
 */
async function exclusively(work) {
  return navigator.locks ? await navigator.locks.request(LOCK, work) : work()
}

/**
 * Sign an unsigned transaction of the arena's.
 *
 * @param {string} transaction base64
 * @returns {Promise<string>} signed, base64
 */
export async function sign(transaction) {
  const wallet = await connected()
  return toBase64(await wallet.signTransaction(fromBase64(transaction)))
}
