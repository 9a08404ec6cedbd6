customElements.define("page-player", class extends HTMLElement {})
