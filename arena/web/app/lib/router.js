/** Addresses of pages: which there are, which is shown, and how to get to another one. */

import { Store } from "./store.js"

/**
 * @typedef {object} Route
 * @property {RegExp} pattern of the path; its groups are the page's attributes
 * @property {string} element shown there
 * @property {() => Promise<unknown>} load the module that defines it
 */

/** @typedef {{ element: string, attributes: Record<string, string>, load: () => Promise<unknown>, key: string }} Place */

/** Where the visitor is; changes with every navigation, also within a page's query. */
export const address = new Store(new URL(location.href))

/**
 * @param {readonly Route[]} routes
 * @param {string} path
 * @returns {Place | null} null: there is no such page
 */
export function find(routes, path) {
  for (const { pattern, element, load } of routes) {
    const match = pattern.exec(path)
    if (match) return { element, attributes: { ...match.groups }, load, key: path }
  }
  return null
}

/**
 * Go to another page of the app.
 *
 * @param {string} to
 * @param {{ replace?: boolean }} [options] replace: back leads to the one before
 */
export function navigate(to, { replace = false } = {}) {
  const url = new URL(to, location.href)
  if (replace) history.replaceState(null, "", url)
  else history.pushState(null, "", url)
  address.value = url
}

/** Follow the links of the app without loading it again, and the browser's back and forward. */
export function install() {
  addEventListener("popstate", () => {
    address.value = new URL(location.href)
  })
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    const link = event.target instanceof Element ? event.target.closest("a") : null
    if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return
    if (link.hash && link.pathname === location.pathname && link.search === location.search) return
    if (/^\/(api|admin|metrics|openapi|assets)/.test(link.pathname)) return
    event.preventDefault()
    if (link.href !== location.href) navigate(link.href)
  })
}
