customElements.define("page-open", class extends HTMLElement {})
