/** Who a bot is, what it wants, what it costs and what its terms are. */

import { shortAddress } from "../components/wallet_menu.js"
import { html } from "../lib/html.js"
import { brief, exact, sol } from "../lib/lamports.js"
import { at, duration } from "../lib/time.js"

/** @typedef {import("./conversation.js").Bot} Bot */

const EXPIRY = /** @type {Record<string, string>} */ ({
  creator: "goes back to its creator",
  last_player: "goes to whoever sent the last message",
})

/** @param {Bot} bot */
export function about(bot) {
  const { persona, objective, win_when: winWhen } = /** @type {Record<string, unknown>} */ (bot.public)
  return html`
    ${objective && html`<section class="objective"><h2>Your task</h2><p class="words" dir="auto">${objective}</p></section>`}
    ${winWhen && html`<section><h3>It is solved when</h3><p class="words" dir="auto">${winWhen}</p></section>`}
    ${persona && html`<section><h3>Who it is</h3><p class="words" dir="auto">${persona}</p></section>`}
    ${bot.description && html`<section><h3>What its creator says</h3><p class="words" dir="auto">${bot.description}</p></section>`}`
}

/** @param {Bot} bot */
export function hints(bot) {
  const { hints: unlocked, hints_locked: locked } = bot.public
  const known = /** @type {{ after_messages: number, text: string }[]} */ (Array.isArray(unlocked) ? unlocked : [])
  const more = Number(locked ?? 0)
  if (known.length + more === 0) return null
  return html`<section aria-live="polite"><h3>Hints</h3>
    <ul class="hints">${known.map(({ text }) => html`<li class="words" dir="auto">${text}</li>`)}</ul>
    ${more > 0 && html`<p class="soft small">${more} more ${more === 1 ? "comes" : "come"} as messages add up.</p>`}
  </section>`
}

/** @param {Bot} bot */
export function terms(bot) {
  const percent = (/** @type {number} */ bps) => `${bps / 100} %`
  return html`<details class="terms"><summary>Terms, fixed on the chain</summary>
    <dl class="facts">
      <dt>First message</dt><dd>${sol(bot.fee_base)}</dd>
      <dt>Each makes the next dearer by</dt><dd>${percent(bot.fee_growth_bps)}</dd>
      <dt>Never more than</dt><dd>${sol(bot.fee_cap)}</dd>
      <dt>Of each fee, pot / creator / arena</dt><dd>${percent(bot.pot_bps)} / ${percent(bot.creator_bps)} / ${percent(10_000 - bot.pot_bps - bot.creator_bps)}</dd>
      <dt>Put in by its creator</dt><dd>${sol(bot.initial_pot)}</dd>
      <dt>Ends</dt><dd><time datetime="${bot.closes_at}">${at(bot.closes_at)}</time></dd>
      ${bot.idle_after > 0 && html`<dt>Or when nobody has paid for</dt><dd>${duration(bot.idle_after)}${bot.idle_min_messages > 0 && ` after ${bot.idle_min_messages} messages`}</dd>`}
      <dt>If nobody solves it, the pot</dt><dd>${EXPIRY[bot.expiry_rule] ?? bot.expiry_rule}</dd>
      <dt>Creator</dt><dd>${bot.demo ? "the house, which knows the answer" : html`<a href="/players/${bot.creator}">${bot.creator_name ?? shortAddress(bot.creator)}</a>`}</dd>
      <dt>Account</dt><dd><code title="${bot.address}">${shortAddress(bot.address)}</code></dd>
      <dt>Commitment</dt><dd><code title="${bot.objective_hash}">${bot.objective_hash.slice(0, 12)}…</code></dd>
    </dl>
    <p class="small soft">The commitment is the hash of the puzzle and its solution. It was put on the chain before the first message, so the bot cannot be changed to make anybody lose.</p>
  </details>`
}

/**
 * @param {Bot} bot
 * @param {string | null} me
 */
export function outcome(bot, me) {
  switch (bot.status) {
    case "open":
    case "draft":
      return null
    case "halted":
      return html`<p class="notice bad">Something was seen on the chain that cannot be. The bot stands still until the arena's operators have decided; its money is in its own account.</p>`
    default:
  }
  if (bot.winner === null) return html`<p class="notice">Nobody solved it in time. The pot ${EXPIRY[bot.expiry_rule] ?? "is paid out by its terms"}.</p>`
  const amount = bot.reward ?? bot.pot
  return html`<div class="notice won">
    <p class="strong">${bot.winner === me ? "You solved it!" : html`Solved by <a href="/players/${bot.winner}">${shortAddress(bot.winner)}</a>`}</p>
    <p class="gold prize" title="${exact(amount)} SOL">${brief(amount)} SOL</p>
    <p class="small soft">with message #${bot.winning_index}</p>
  </div>`
}
