/** A bot at a glance. */

import "./pot.js"
import "./time_left.js"
import { html } from "../lib/html.js"
import { sol } from "../lib/lamports.js"
import { sigil } from "./sigil.js"

/** @typedef {import("../../types/api.js").BotSummary} BotSummary */
/** @typedef {BotSummary & { players?: number, watching?: number }} Bot */

export const KINDS = /** @type {const} */ ([
  ["passphrase", "Passphrase"],
  ["script", "Script"],
  ["llm", "Language model"],
])

/** @param {string} kind */
export const kindName = (kind) => KINDS.find(([value]) => value === kind)?.[1] ?? kind

/** @param {Bot} bot */
export function card(bot) {
  const open = bot.status === "open"
  return html`<li class="card bot-card">
    <div class="bot-card-head">
      ${sigil(bot.id)}
      <div class="bot-card-name"><h2><a class="whole words" href="/bots/${bot.id}">${bot.name}</a></h2><span class="soft small">${kindName(bot.kind)}${bot.demo && " · the house's"}</span></div>
      <span class="tag ${bot.status}">${bot.status}</span>
    </div>
    <p class="bot-card-pot"><span class="soft small">${bot.status === "solved" ? "Won" : "Pot"}</span> <arena-pot class="gold" .lamports=${bot.reward ?? bot.pot}></arena-pot></p>
    <dl class="bot-card-facts">
      <div><dt>Price</dt><dd>${open ? sol(bot.next_price) : "–"}</dd></div>
      <div><dt>Messages</dt><dd class="number">${bot.message_count}</dd></div>
      <div><dt>Left</dt><dd>${open ? html`<arena-time-left .until=${bot.closes_at}></arena-time-left>` : "ended"}</dd></div>
      <div><dt>Players</dt><dd class="number">${bot.players ?? 0}${bot.watching ? html` <span class="soft">+${bot.watching}<span class="unseen"> watching</span></span>` : ""}</dd></div>
    </dl>
  </li>`
}
