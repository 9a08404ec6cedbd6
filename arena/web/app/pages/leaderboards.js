customElements.define("page-leaderboards", class extends HTMLElement {})
