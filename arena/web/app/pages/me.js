customElements.define("page-me", class extends HTMLElement {})
