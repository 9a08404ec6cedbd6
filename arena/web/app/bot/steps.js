/** The way of a payment, from the wallet to the verdict. */

import { html } from "../lib/html.js"

/** @typedef {import("./conversation.js").Own} Own */
/** @typedef {import("./conversation.js").Stage} Stage */

/** @type {readonly { name: string, from: readonly Stage[], now: string }[]} what is under way in which stages */
const STEPS = [
  { name: "Price", from: ["asking", "pricing"], now: "Asking for the price" },
  { name: "Signature", from: ["signing"], now: "Waiting for your wallet" },
  { name: "Arena", from: ["sending"], now: "The arena stores message and payment" },
  { name: "Chain", from: ["paying"], now: "On its way through the chain" },
  { name: "Verdict", from: ["paid"], now: "Paid. The bot thinks" },
]

/** @param {Own} own */
export function steps(own) {
  const at = STEPS.findIndex(({ from }) => from.includes(own.stage))
  if (at < 0) return null
  return html`<ol class="steps" aria-label="Way of the payment">
      ${STEPS.map(({ name }, index) => html`<li class="${index < at ? "done" : index === at ? "now" : ""}" aria-current=${index === at ? "step" : null}><span class="unseen">${index < at ? "done:" : index === at ? "now:" : "then:"}</span>${name}</li>`)}
    </ol>
    <p class="small soft">${STEPS[at]?.now} …${own.signature && html` <code class="signature" title="${own.signature}">${own.signature.slice(0, 12)}…</code>`}</p>`
}
