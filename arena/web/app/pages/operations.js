customElements.define("page-operations", class extends HTMLElement {})
