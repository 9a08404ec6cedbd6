/** The terms' part of the form: money, time, and who gets what, in plain words. */

import { html } from "../lib/html.js"
import { exact } from "../lib/lamports.js"
import { at } from "../lib/time.js"
import { BPS } from "./economy.js"
import { field } from "./fields.js"
import { IDLES, LIVES, closingOf } from "./form.js"

/** @typedef {import("./fields.js").Fields} Fields */
/** @typedef {import("./form.js").Form} Form */
/** @typedef {import("../../types/api.js").TermsResponse} Terms */

/**
 * @param {Form} form
 * @param {Fields} fields
 * @param {Terms | null} terms
 */
export function termsFields(form, fields, terms) {
  const { values } = form
  const least = terms && ` At least ${exact(terms.smallest)} SOL.`
  const closes = values.closes_in === "at" ? null : closingOf(form, Date.now())
  return html`
    <div class="pair">
      ${field(fields, "initial_pot", { label: "Initial pot", help: `What you put in.${least ?? ""}`, as: "amount" })}
      ${field(fields, "fee_base", { label: "Price of the first message", help: least?.trim(), as: "amount" })}
      ${field(fields, "fee_growth_bps", { label: "Each message makes the next dearer by", as: "percent" })}
      ${Number(values.fee_growth_bps) !== 0 && field(fields, "fee_cap", { label: "But never more than", as: "amount" })}
      ${field(fields, "closes_in", { label: "It ends", as: "choice", options: LIVES, help: closes && `Were it opened now: ${at(closes)}.` })}
      ${values.closes_in === "at" && field(fields, "closes_at", { label: "Closing time", help: "In your time zone; between 5 minutes and a year from now.", as: "time" })}
      ${field(fields, "idle_after", { label: "May it end before?", as: "choice", options: IDLES })}
      ${values.idle_after !== "0" && field(fields, "idle_min_messages", { label: "But not before so many messages", as: "number" })}
    </div>
    ${field(fields, "expiry_rule", {
      label: "If nobody solves it",
      as: "choice",
      options: [
        ["last_player", "All of the pot goes to whoever sent the last message"],
        ["creator", "You get back what you put in, the last player what it grew by"],
      ],
    })}
    ${terms && inWords(values, terms)}`
}

/**
 * @param {Record<string, string>} values
 * @param {Terms} terms
 */
function inWords(values, { pot_bps: pot, creator_bps: creator, rent }) {
  return html`<ul class="in-words small">
    <li>Of every message ${percent(pot)} goes into the pot, ${percent(creator)} to you when the bot is over, and ${percent(BPS - pot - creator)} to the arena.</li>
    <li>Who solves it wins all of the pot. ${values.expiry_rule === "creator" ? "If nobody does, what you put in comes back to you, and the last player gets what it has grown by." : "If nobody does, whoever sent the last message gets all of the pot, and what you put in too."} As long as nobody has paid for a message, you can close the bot and get back all of it.</li>
    <li>Besides the pot ${exact(rent)} SOL of rent is put into the bot's account on the chain. It comes back when the bot is over.</li>
    <li>Nothing of this can be changed once the bot is open, and neither can the puzzle.</li>
  </ul>`
}

/** @param {number} bps */
const percent = (bps) => `${bps / 100} %`
