import assert from "node:assert/strict"
import { test } from "node:test"
import { closed, flatRows, found, lastPart, moved, opened, rowsOf, trouble } from "../../arena/web/app/operations/rows.js"
import { filtersOf } from "../../arena/web/app/operations/wanted.js"
import { count, span, told } from "../../arena/web/app/operations/words.js"

const WELL = {
  kind: "supervisor",
  state: "running",
  handled: 0,
  failed: 0,
  restarts: 0,
  last_error: null,
  mailbox_depth: 0,
  mailbox_capacity: 0,
  age: 1,
  idle: null,
  handling: null,
  handling_for: null,
  children: 0,
}

const actor = (path, more = {}) => ({ ...WELL, path, ...more })

const BRANCHES = new Map(
  [
    { node: actor("/", { children: 2 }), children: [actor("/game", { children: 3 }), actor("/journal")] },
    { node: actor("/game", { children: 3 }), children: [actor("/game/bots", { children: 900 }), actor("/game/lobby")] },
  ].map((branch) => [branch.node.path, branch]),
)

const ids = (rows) => rows.map(({ id }) => id)

test("a closed tree is its root", () => {
  assert.deepEqual(ids(rowsOf(BRANCHES, new Set())), ["/"])
})

test("what is below an open node comes after it, each with its place among its siblings", () => {
  const rows = rowsOf(BRANCHES, new Set(["/"]))
  assert.deepEqual(ids(rows), ["/", "/game", "/journal"])
  assert.deepEqual(
    rows.map(({ level, position, size, open }) => ({ level, position, size, open })),
    [
      { level: 1, position: 1, size: 1, open: true },
      { level: 2, position: 1, size: 2, open: false },
      { level: 2, position: 2, size: 2, open: null },
    ],
  )
})

test("children that were not read are counted in a row of their own", () => {
  const rows = rowsOf(BRANCHES, new Set(["/", "/game"]))
  assert.deepEqual(ids(rows), ["/", "/game", "/game/bots", "/game/lobby", "/game+", "/journal"])
  assert.deepEqual(rows.find(({ kind }) => kind === "more")?.left, 1)
})

test("a node that was opened just now waits for its children", () => {
  const rows = rowsOf(BRANCHES, new Set(["/", "/game", "/game/bots"]))
  assert.equal(rows.find(({ kind }) => kind === "waiting")?.path, "/game/bots")
})

test("what was left open below a closed node is not shown", () => {
  assert.deepEqual(ids(rowsOf(BRANCHES, new Set(["/", "/game/bots"]))), ["/", "/game", "/journal"])
})

test("there are no rows before the root is known", () => {
  assert.deepEqual(rowsOf(new Map(), new Set(["/"])), [])
})

test("actors that were searched for are one below the other, with how many there are besides", () => {
  const rows = flatRows([actor("/game"), actor("/game/lobby")], 7)
  assert.deepEqual(ids(rows), ["/game", "/game/lobby", "+"])
  assert.ok(rows.every(({ level, size }) => level === 1 && size === 7))
  assert.equal(rows.at(-1)?.left, 5)
})

test("when too many nodes are open, the first of them closes, but nothing above the one that opens", () => {
  const open = new Set(["/", "/game", "/game/bots", "/game/chain"])
  assert.deepEqual([...opened(open, "/game/sessions", 5)], [...open, "/game/sessions"])
  assert.deepEqual([...opened(open, "/game/sessions", 4)], ["/", "/game", "/game/chain", "/game/sessions"])
})

test("a node closes with all that is below it, and nothing else", () => {
  const open = new Set(["/", "/game", "/game/bots", "/games"])
  assert.deepEqual([...closed(open, "/game")], ["/", "/games"])
  assert.deepEqual([...closed(open, "/")], [])
})

test("arrow keys go through the rows that are shown", () => {
  const rows = rowsOf(BRANCHES, new Set(["/"]))
  assert.deepEqual(moved(rows, "/", "ArrowDown"), { to: "/game" })
  assert.deepEqual(moved(rows, "/journal", "ArrowUp"), { to: "/game" })
  assert.deepEqual(moved(rows, "/game", "End"), { to: "/journal" })
  assert.deepEqual(moved(rows, "/journal", "Home"), { to: "/" })
})

test("arrow keys stop at both ends", () => {
  const rows = rowsOf(BRANCHES, new Set(["/"]))
  assert.equal(moved(rows, "/journal", "ArrowDown"), null)
  assert.equal(moved(rows, "/", "ArrowUp"), null)
  assert.equal(moved(rows, "/", "Home"), null)
})

test("right opens a node, then goes into it; left closes it, then goes out", () => {
  const rows = rowsOf(BRANCHES, new Set(["/"]))
  assert.deepEqual(moved(rows, "/game", "ArrowRight"), { open: "/game" })
  assert.deepEqual(moved(rows, "/", "ArrowRight"), { to: "/game" })
  assert.deepEqual(moved(rows, "/", "ArrowLeft"), { close: "/" })
  assert.deepEqual(moved(rows, "/journal", "ArrowLeft"), { to: "/" })
  assert.equal(moved(rows, "/journal", "ArrowRight"), null)
})

test("a letter goes to the next row that begins with it, around the end", () => {
  const rows = rowsOf(BRANCHES, new Set(["/", "/game"]))
  assert.equal(found(rows, "/", "L"), "/game/lobby")
  assert.equal(found(rows, "/journal", "ga"), "/game")
  assert.equal(found(rows, "/", "x"), null)
})

test("the last part of a path is an actor's name, and the root has one, too", () => {
  assert.equal(lastPart("/game/chain/feed"), "feed")
  assert.equal(lastPart("/"), "/")
})

test("what is down, stuck or full stands out more than what has recovered", () => {
  assert.equal(trouble(actor("/a")), null)
  assert.deepEqual(trouble(actor("/a", { state: "failed" })), { word: "failed", bad: true })
  assert.deepEqual(trouble(actor("/a", { handling_for: 10 })), { word: "stuck", bad: true })
  assert.equal(trouble(actor("/a", { handling_for: 9.9 })), null)
  assert.deepEqual(trouble(actor("/a", { mailbox_depth: 205, mailbox_capacity: 256 })), { word: "mailbox full", bad: true })
  assert.equal(trouble(actor("/a", { mailbox_depth: 204, mailbox_capacity: 256 })), null)
  assert.equal(trouble(actor("/a", { state: "stopped" }))?.bad, false)
  assert.equal(trouble(actor("/a", { restarts: 1 }))?.bad, false)
})

test("without filters the whole tree is shown, and nonsense is no filter", () => {
  assert.equal(filtersOf(() => ""), null)
  const nonsense = { state: "drunk", min_depth: "many", wrong: "all", path: "  " }
  assert.equal(filtersOf((name) => nonsense[name] ?? ""), null)
})

test("filters are what the API takes", () => {
  const chosen = { state: "failed", kind: "bots", wrong: "stuck", min_depth: "12.7", path: " 01a2 " }
  assert.deepEqual(filtersOf((name) => chosen[name] ?? ""), { state: ["failed"], kind: "bots", handling_for: 10, min_depth: 12, path: "01a2" })
})

test("spans of time are short, whatever their size", () => {
  assert.deepEqual([null, 0, 0.0004, 0.0129, 0.5, 9.96, 75, 90_000].map((seconds) => span(seconds).replaceAll("\u00a0", " ")), ["–", "0 s", "< 1 ms", "13 ms", "0.5 s", "10 s", "01:15", "1d 1h"])
})

test("a number stays with its unit", () => {
  assert.equal(span(12), "12\u00a0s")
})

test("numbers are grouped, and a missing one is a dash", () => {
  assert.equal(count(12345.67), "12,345.7")
  assert.equal(count(null), "–")
})

test("what an actor says of itself is told as text, its times as times", () => {
  assert.equal(told(null), "–")
  assert.equal(told(false), "false")
  assert.equal(told({ a: [1] }), '{\n  "a": [\n    1\n  ]\n}')
  assert.match(told(1795447769.7, "last_poll_at"), /2026/)
  assert.equal(told(12, "looked_at"), "12")
})
