import assert from "node:assert/strict"
import { afterEach, beforeEach, mock, test } from "node:test"
import { Failure } from "../../arena/web/app/lib/api.js"
import { Pages } from "../../arena/web/app/lib/pages.js"
import { Poll } from "../../arena/web/app/lib/poll.js"

/** Requests whose answers come when the test says so. */
class Requests {
  asked = []

  ask = (...given) => new Promise((resolve, reject) => this.asked.push({ given, resolve, reject }))

  get last() {
    return this.asked.at(-1)
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

let life
let requests

beforeEach(() => {
  life = new AbortController()
  requests = new Requests()
  globalThis.document = Object.assign(new EventTarget(), { visibilityState: "visible" })
  globalThis.addEventListener = () => {}
  mock.timers.enable({ apis: ["setTimeout"] })
})

afterEach(() => {
  life.abort()
  mock.timers.reset()
})

const poll = () => new Poll(requests.ask, { every: 2_000, signal: life.signal })

test("a poll asks again a while after the answer, not after the question", async () => {
  const polled = poll()
  mock.timers.tick(60_000)
  assert.equal(requests.asked.length, 1)
  requests.last.resolve("one")
  await settled()
  assert.equal(polled.value, "one")
  mock.timers.tick(1_999)
  assert.equal(requests.asked.length, 1)
  mock.timers.tick(1)
  assert.equal(requests.asked.length, 2)
})

test("a poll that fails keeps its last answer, says why it is old, and goes on", async () => {
  const polled = poll()
  requests.last.resolve("one")
  await settled()
  const { at } = polled
  mock.timers.tick(2_000)
  const failure = new Failure("unreachable", "away")
  requests.last.reject(failure)
  await settled()
  assert.deepEqual([polled.value, polled.at, polled.error], ["one", at, failure])
  mock.timers.tick(2_000)
  requests.last.resolve("two")
  await settled()
  assert.deepEqual([polled.value, polled.error], ["two", null])
})

test("a poll waits as long as it is told to", async () => {
  poll()
  requests.last.reject(new Failure("busy", "later", { status: 503, retryAfter: 30 }))
  await settled()
  mock.timers.tick(29_999)
  assert.equal(requests.asked.length, 1)
  mock.timers.tick(1)
  assert.equal(requests.asked.length, 2)
})

test("a poll rests while the page is in the background, and asks as soon as it is not", async () => {
  poll()
  document.visibilityState = "hidden"
  requests.last.resolve("one")
  await settled()
  mock.timers.tick(60_000)
  assert.equal(requests.asked.length, 1)
  document.visibilityState = "visible"
  document.dispatchEvent(new Event("visibilitychange"))
  assert.equal(requests.asked.length, 2)
})

test("an answer to what was asked before is dropped", async () => {
  const polled = poll()
  const [first] = requests.asked
  polled.now()
  assert.ok(first.given[0].aborted)
  requests.last.resolve("new")
  first.resolve("old")
  await settled()
  assert.equal(polled.value, "new")
})

test("a poll that begins anew forgets its answer", async () => {
  const polled = poll()
  requests.last.resolve("one")
  await settled()
  polled.anew()
  assert.equal(polled.value, null)
  assert.equal(requests.asked.length, 2)
})

test("a poll ends with the page that it is for", async () => {
  const polled = poll()
  life.abort()
  requests.last.resolve("late")
  await settled()
  mock.timers.tick(60_000)
  assert.equal(polled.value, null)
  assert.equal(requests.asked.length, 1)
})

const pages = () => new Pages(requests.ask, (item) => item, life.signal)

test("the next page comes after what was read, and what moved between them is there once", async () => {
  const list = pages()
  assert.equal(list.items, null)
  requests.last.resolve({ items: ["a", "b"], next: "2" })
  await settled()
  assert.ok(list.hasMore)
  void list.more()
  assert.equal(requests.last.given[0], "2")
  requests.last.resolve({ items: ["b", "c"], next: null })
  await settled()
  assert.deepEqual(list.items, ["a", "b", "c"])
  assert.ok(!list.hasMore)
})

test("a second click on more reads nothing twice", async () => {
  const list = pages()
  requests.last.resolve({ items: ["a"], next: "2" })
  await settled()
  void list.more()
  void list.more()
  assert.equal(requests.asked.length, 2)
})

test("a page that does not come leaves what was read, and can be asked for again", async () => {
  const list = pages()
  requests.last.resolve({ items: ["a"], next: "2" })
  await settled()
  void list.more()
  requests.last.reject(new Failure("unreachable", "away"))
  await settled()
  assert.deepEqual(list.items, ["a"])
  assert.equal(list.error?.code, "unreachable")
  void list.more()
  assert.equal(requests.last.given[0], "2")
})

test("a list that is read from its beginning replaces what was there when it comes", async () => {
  const list = pages()
  requests.last.resolve({ items: ["a"], next: null })
  await settled()
  void list.load()
  assert.deepEqual(list.items, ["a"])
  requests.last.resolve({ items: ["z"], next: null })
  await settled()
  assert.deepEqual(list.items, ["z"])
})
