/** The axes of plots. */

import assert from "node:assert/strict"
import { test } from "node:test"

process.env.TZ = "Europe/Berlin"
const { around, linear, nearest, times, within } = await import("../../arena/web/app/components/scale.js")

test("an axis has round steps and holds all values", () => {
  assert.deepEqual(around(0, 7, 4, true), [0, 2, 4, 6, 8])
  assert.deepEqual(around(0.1, 0.3, 4, false), [0.1, 0.15, 0.2, 0.25, 0.3])
  assert.deepEqual(around(-3, 8, 4, true), [-5, 0, 5, 10])
})

test("steps of what is counted are whole", () => {
  assert.deepEqual(around(0, 1, 5, true), [0, 1])
})

test("there is an axis where all values are the same, or none is above zero", () => {
  assert.deepEqual(around(0, 0, 3, true), [0, 1])
  const same = around(500_000_000, 500_000_000, 3, true)
  assert.ok(same[0] <= 500_000_000 && same.at(-1) >= 500_000_000 && same.length >= 2)
})

test("within a range there are the round values alone", () => {
  assert.deepEqual(within(3, 27, 6, true), [5, 10, 15, 20, 25])
})

test("a range of no length is drawn at its beginning", () => {
  assert.equal(linear([5, 5], [10, 20])(5), 10)
  assert.equal(linear([0, 10], [100, 0])(3), 70)
})

test("the nearest place is found, beyond the ends, too", () => {
  const places = [0, 10, 20, 40]
  assert.deepEqual([-5, 4, 6, 29, 31, 99].map((value) => nearest(places, value)), [0, 0, 1, 2, 3, 3])
  assert.equal(nearest([7], 100), 0)
})

const clock = (ticks) => ticks.map(({ at }) => new Date(at).toLocaleString("sv"))

test("times are round where the reader is", () => {
  const from = Date.parse("2026-03-08T10:07:00+01:00")
  assert.deepEqual(clock(times(from, from + 3_600_000, 5)), ["2026-03-08 10:15:00", "2026-03-08 10:30:00", "2026-03-08 10:45:00", "2026-03-08 11:00:00"])
})

test("hours are round on both sides of a change of the clocks", () => {
  const from = Date.parse("2026-03-28T18:00:00+01:00")
  assert.deepEqual(clock(times(from, from + 24 * 3_600_000, 5)), ["2026-03-28 18:00:00", "2026-03-29 00:00:00", "2026-03-29 06:00:00", "2026-03-29 12:00:00", "2026-03-29 18:00:00"])
})

test("days and months begin at midnight", () => {
  const from = Date.parse("2026-01-10T12:00:00+01:00")
  for (const tick of clock(times(from, from + 40 * 86_400_000, 6))) assert.match(tick, / 00:00:00$/)
  assert.deepEqual(clock(times(from, from + 100 * 86_400_000, 4)), ["2026-02-01 00:00:00", "2026-03-01 00:00:00", "2026-04-01 00:00:00"])
})
