import assert from "node:assert/strict"
import { test } from "node:test"
import { ends, joined, measured, newest, sum } from "../../arena/web/app/operations/series.js"

const figures = (until, requests, step = 5) => ({ step, until, series: { requests } })

test("the first answer is all there is", () => {
  const first = figures(1000, [1, 2])
  assert.equal(joined(null, first), first)
})

test("later answers are put behind what was known", () => {
  assert.deepEqual(joined(figures(1000, [1, 2]), figures(1010, [3, 4])), figures(1010, [1, 2, 3, 4]))
  assert.deepEqual(joined(figures(1000, [1, 2]), figures(1000, [])), figures(1000, [1, 2]))
})

test("steps that nobody told of, such as before a restart, are not known", () => {
  assert.deepEqual(joined(figures(1000, [1]), figures(1020, [9])).series.requests, [1, null, null, null, 9])
})

test("an hour is kept", () => {
  const hour = Array.from({ length: 720 }, (_, index) => index)
  const { series } = joined(figures(3600, hour), figures(3605, [720]))
  assert.equal(series.requests.length, 720)
  assert.deepEqual([series.requests[0], series.requests.at(-1)], [1, 720])
  assert.equal(joined(figures(3600, hour), figures(900_000, [1])).series.requests.length, 720)
})

test("what does not go on there begins anew", () => {
  assert.deepEqual(joined(figures(1000, [1, 2]), figures(500, [7])), figures(500, [7]))
  assert.deepEqual(joined(figures(1000, [1, 2]), figures(1010, [7], 10)), figures(1010, [7], 10))
})

test("the newest number is the last that is known, for a minute", () => {
  assert.equal(newest(figures(1000, [1, 0.5, null]), "requests"), 0.5)
  assert.equal(newest(figures(1000, [3, ...Array(11).fill(null)]), "requests"), 3)
  assert.equal(newest(figures(1000, [3, ...Array(12).fill(null)]), "requests"), null)
  assert.equal(newest(figures(0, []), "requests"), null)
})

test("a sum is of what is known", () => {
  assert.equal(sum(figures(1000, [1, null, 2]), "requests"), 3)
})

test("of what is measured now and then the steps between are left out", () => {
  assert.deepEqual(measured([1, 2, 3], [[null, null, 5], [4, null, null]]), { xs: [1, 3], series: [[null, 5], [4, null]] })
  assert.deepEqual(measured([1], [[null]]), { xs: [], series: [[]] })
  assert.deepEqual(measured([1], [[0]]), { xs: [1], series: [[0]] })
})

test("each step ends where the next one begins", () => {
  assert.deepEqual(ends(figures(1000, [1, null, 3])), [990_000, 995_000, 1_000_000])
})
