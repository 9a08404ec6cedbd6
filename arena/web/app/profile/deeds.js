/** Who a wallet is, and what it has done so far. */

import { sigil } from "../components/sigil.js"
import { shortAddress } from "../components/wallet_menu.js"
import { html } from "../lib/html.js"
import { sol } from "../lib/lamports.js"
import { at } from "../lib/time.js"

/** @typedef {import("../../types/api.js").Profile} Profile */

/** @param {Pick<Profile, "username" | "wallet">} profile */
export const nameOf = ({ username, wallet }) => username ?? shortAddress(wallet)

/**
 * @param {Profile} profile
 * @param {unknown} heading
 */
export const head = (profile, heading) => html`<div class="who-head">
  ${sigil(profile.wallet)}
  <div>
    ${heading}
    <p class="soft small">Here since <time datetime="${profile.joined_at}">${at(profile.joined_at)}</time> · <code class="words">${profile.wallet}</code></p>
  </div>
</div>`

/**
 * @param {Profile} profile
 * @param {unknown} [more] further tiles
 */
export const deeds = (profile, more = null) => html`<dl class="tiles">
  ${tile("Won", sol(profile.won), "gold")} ${tile("Spent", sol(profile.spent))} ${tile("Messages", profile.messages)}
  ${tile("Bots played", profile.bots_played)} ${tile("Bots solved", profile.bots_solved)} ${tile("Bots opened", profile.bots_opened)} ${more}
</dl>`

/** The same while it is not known yet, as large. */
export const unknownDeeds = () => html`<div class="stack wide" aria-busy="true"><div class="who-head placeholder">.</div><div class="tiles-place placeholder">.</div></div>`

/**
 * @param {string} name
 * @param {unknown} value
 * @param {string} [look]
 */
export const tile = (name, value, look = "") => html`<div class="tile"><dt>${name}</dt><dd class="number ${look}">${value}</dd></div>`
