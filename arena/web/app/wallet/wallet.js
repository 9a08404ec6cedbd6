/**
 * What the app asks of a wallet, whichever it is. Keys are never asked for.
 *
 * @typedef {object} Wallet
 * @property {string} name
 * @property {string | null} icon as a data URL
 * @property {"burner" | "standard"} kind
 * @property {string} address
 * @property {(message: Uint8Array) => Promise<Uint8Array>} signMessage the signature
 * @property {(transaction: Uint8Array) => Promise<Uint8Array>} signTransaction the signed transaction
 * @property {((input: SignInInput) => Promise<SignedIn>) | null} signIn null: the wallet has none of its own
 * @property {() => Promise<void>} disconnect
 * @property {(heard: () => void) => void} changed told when the wallet shows another account, or none
 */

/** @typedef {import("../../types/api.js").SignInInput} SignInInput */
/** @typedef {{ address: string, message: string, signature: Uint8Array }} SignedIn */

/** The wallet was asked, and its owner said no. */
export class Declined extends Error {}

/**
 * Whether an error of a wallet is its owner's no. There is no standard for it: wallets give the code that Ethereum's
 * have (EIP-1193), or say so.
 *
 * @param {unknown} error
 */
export function isDeclined(error) {
  if (error instanceof Declined) return true
  if (typeof error !== "object" || error === null) return false
  if ("code" in error && error.code === 4001) return true
  return "message" in error && /reject|declin|denied|cancel/i.test(String(error.message))
}
