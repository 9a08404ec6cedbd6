/** Amounts as people read and write them. */

import assert from "node:assert/strict"
import { test } from "node:test"

import { brief, exact, parse, spoken } from "../../arena/web/app/lib/lamports.js"

test("an amount has all its places, and none that say nothing", () => {
  assert.equal(exact(0), "0")
  assert.equal(exact(1), "0.000000001")
  assert.equal(exact(10_500_000), "0.0105")
  assert.equal(exact(2_000_000_000), "2")
  assert.equal(exact(-500_000_000), "-0.5")
  assert.equal(exact(1_234_567_000_000_001), "1,234,567.000000001")
})

test("a short amount is never more than it is", () => {
  assert.equal(brief(1_999_999_999), "1.999")
  assert.equal(brief(10_178_999), "0.0101")
  assert.equal(brief(5), "0.000000005")
  assert.equal(brief(123_456_789_012), "123.456")
})

test("lamports are counted in words", () => {
  assert.equal(spoken(1), "1 lamport")
  assert.equal(spoken(1_331_000), "1,331,000 lamports")
})

test("what somebody types is read to the lamport", () => {
  assert.equal(parse("0.1"), 100_000_000)
  assert.equal(parse(" 1,5 "), 1_500_000_000)
  assert.equal(parse(".000000001"), 1)
  assert.equal(parse("9000000"), 9_000_000_000_000_000)
})

test("what is no amount is none", () => {
  for (const text of ["", ".", "1.0000000001", "-1", "1e3", "a", "1.2.3", "9999999"]) assert.equal(parse(text), null, text)
})
