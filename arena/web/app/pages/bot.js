customElements.define("page-bot", class extends HTMLElement {})
