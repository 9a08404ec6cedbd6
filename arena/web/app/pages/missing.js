/** There is no such page. */

import { Component } from "../lib/component.js"
import { html } from "../lib/html.js"

class Missing extends Component {
  connected() {
    document.title = "Not found · Arena"
  }

  view() {
    return html`<div class="empty stack">
      <h1>There is nothing here</h1>
      <p>The address may be misspelt, or what was here is gone.</p>
      <p><a class="button" href="/">To the lobby</a></p>
    </div>`
  }
}

customElements.define("page-missing", Missing)
