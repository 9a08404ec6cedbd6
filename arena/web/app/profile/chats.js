/** One's own chats: with whom, whether they go on, and the way back to them. */

import { sigil } from "../components/sigil.js"
import { more, trouble } from "../components/trouble.js"
import { get } from "../lib/api.js"
import { Component } from "../lib/component.js"
import { html, keyed } from "../lib/html.js"
import { Pages } from "../lib/pages.js"
import { at } from "../lib/time.js"

/** @typedef {import("../../types/api.js").OwnSession} OwnSession */

const PAGE = 20

class OwnChats extends Component {
  /** @type {Pages<OwnSession>} */
  #chats = /** @type {any} */ (null)

  connected() {
    this.#chats = new Pages(
      async (cursor, signal) => {
        const { sessions, next_cursor: next } = await get("/api/v1/users/me/sessions", { query: { cursor, limit: PAGE }, signal })
        return { items: sessions, next }
      },
      ({ id }) => id,
      this.life,
    )
    this.watch(this.#chats)
  }

  view() {
    return html`<section class="stack" aria-labelledby="chats"><h2 id="chats">My chats</h2>${this.#list()}</section>`
  }

  #list() {
    const { items, error } = this.#chats
    if (items === null) return error === null ? html`<div class="rows-place placeholder" aria-busy="true">.</div>` : trouble(error, () => this.#chats.load())
    if (items.length === 0) return html`<p class="soft">You have not spoken with any bot yet. <a href="/">See which are open</a>.</p>`
    return html`<ul class="bot-rows card">${items.map((chat) => keyed(chat.id, row(chat)))}</ul>${more(this.#chats)}`
  }
}

/** @param {OwnSession} chat */
function row(chat) {
  const goesOn = chat.status === "active" && chat.bot_status === "open"
  return html`<li class="bot-row">
    ${sigil(chat.bot_id, "small")}
    <div class="bot-row-name"><a class="strong words" href="/bots/${chat.bot_id}">${chat.bot_name}</a> <span class="tag ${chat.bot_status}">${chat.bot_status}</span><br><span class="soft small">since <time datetime="${chat.created_at}">${at(chat.created_at)}</time>${chat.status === "closed" && " · over"}</span></div>
    <div class="bot-row-actions"><a class="button ${goesOn ? "primary" : ""}" href="/bots/${chat.bot_id}" aria-label="${goesOn ? "Go on talking with" : "Read what was said with"} ${chat.bot_name}">${goesOn ? "Go on" : "Read"}</a></div>
  </li>`
}

customElements.define("arena-own-chats", OwnChats)
