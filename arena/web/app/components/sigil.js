/** A picture for each bot and wallet, made of its id: the same one everywhere. */

import { html, svg } from "../lib/html.js"

const SIZE = 5

/**
 * @param {string} id
 * @param {string} [className]
 */
export function sigil(id, className = "") {
  const random = numbers(id)
  const hue = random() % 360
  const cells = []
  for (let x = 0; x < Math.ceil(SIZE / 2); x++) {
    for (let y = 0; y < SIZE; y++) {
      const chance = random() % 100
      if (chance < 48) continue
      const fill = `hsl(${hue + (chance > 80 ? 60 : 0)} 85% ${chance > 80 ? 78 : 92}%)`
      for (const column of new Set([x, SIZE - 1 - x])) cells.push(svg`<rect x="${column + 1}" y="${y + 1}" width="1.02" height="1.02" fill="${fill}"/>`)
    }
  }
  return html`<svg class="sigil ${className}" viewBox="0 0 7 7" aria-hidden="true"><rect width="7" height="7" fill="hsl(${hue} 55% 42%)"/>${cells}</svg>`
}

/**
 * Numbers that look random and follow from a text (xorshift).
 *
 * @param {string} text
 * @returns {() => number}
 */
function numbers(text) {
  let state = 2_166_136_261
  for (const character of text) state = Math.imul(state ^ character.charCodeAt(0), 16_777_619)
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}
