/** What operators have chosen to see is part of the address, so that it can be kept and passed on. */

import { address, navigate } from "../lib/router.js"

/** @param {string} name */
export const given = (name) => address.value.searchParams.get(name) ?? ""

/** @param {Record<string, string>} values empty: not given any more */
export function change(values) {
  const url = new URL(address.value)
  for (const [name, value] of Object.entries(values)) {
    if (value === "") url.searchParams.delete(name)
    else url.searchParams.set(name, value)
  }
  if (url.href !== address.value.href) navigate(url.href, { replace: true })
}
