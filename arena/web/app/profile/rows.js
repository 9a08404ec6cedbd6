/** Bots in lists of rows. */

import "../components/time_left.js"
import { kindName } from "../components/bot_card.js"
import { sigil } from "../components/sigil.js"
import { html } from "../lib/html.js"
import { sol } from "../lib/lamports.js"
import { at } from "../lib/time.js"

/** @typedef {import("../../types/api.js").BotSummary} BotSummary */

/**
 * @param {BotSummary} bot
 * @param {{ to?: string, facts?: unknown, actions?: unknown }} [more] where its name leads, more facts, buttons
 */
export function botRow(bot, { to = `/bots/${bot.id}`, facts = null, actions = null } = {}) {
  return html`<li class="bot-row">
    ${sigil(bot.id, "small")}
    <div class="bot-row-name"><a class="strong words" href="${to}">${bot.name}</a> <span class="tag ${bot.status}">${bot.status}</span><br><span class="soft small">${kindName(bot.kind)} · ${ending(bot)}</span></div>
    <dl class="bot-row-facts">
      ${fact(bot.reward === null ? "Pot" : "Won", sol(bot.reward ?? bot.pot))} ${fact("Messages", bot.message_count)}
      ${bot.status === "open" && fact("Price", sol(bot.next_price))} ${facts}
    </dl>
    ${actions && html`<div class="bot-row-actions">${actions}</div>`}
  </li>`
}

/**
 * @param {string} name
 * @param {unknown} value
 */
export const fact = (name, value) => html`<div><dt>${name}</dt><dd class="number">${value}</dd></div>`

/** @param {BotSummary} bot */
function ending(bot) {
  if (bot.status === "draft" || bot.status === "opening") return "not open yet"
  if (bot.status === "open") return html`ends in <arena-time-left .until=${bot.closes_at}></arena-time-left>`
  if (bot.ended_at === null) return "stands still"
  return html`ended <time datetime="${bot.ended_at}">${at(bot.ended_at)}</time>`
}
