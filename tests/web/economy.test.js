/** Prices, pots and shares: the same integers as `arena/economy` comes to, which wrote sample_prices.json. */

import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import { course, divide, part } from "../../arena/web/app/opening/economy.js"

const cases = JSON.parse(readFileSync(new URL("sample_prices.json", import.meta.url), "utf8"))

for (const { schedule, split, initialPot, after } of cases) {
  test(`prices from ${schedule.base} by ${schedule.growthBps} bps up to ${schedule.cap} are the arena's`, () => {
    const { prices, pots, creators } = course(schedule, split, initialPot, 400)
    for (const { messages, price, pot, creator } of after) {
      assert.equal(prices[messages], price, `price after ${messages}`)
      assert.equal(pots[messages], pot, `pot after ${messages}`)
      assert.equal(creators[messages], creator, `creator's after ${messages}`)
    }
  })
}

test("shares add up to the fee, and what rounding leaves is the platform's", () => {
  assert.deepEqual(divide(99, { potBps: 8000, creatorBps: 1000 }), { pot: 79, creator: 9, platform: 11 })
})

test("parts of large amounts are exact", () => {
  assert.equal(part(9_007_199_254_740_991, 9_999), 9_006_298_534_815_516)
})

test("before the first message nothing has happened", () => {
  const { prices, pots, creators } = course({ base: 7, growthBps: 100, cap: 9 }, { potBps: 8000, creatorBps: 1000 }, 50, 0)
  assert.deepEqual([prices, pots, creators], [[7], [50], [0]])
})
