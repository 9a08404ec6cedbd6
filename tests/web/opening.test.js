/** The form in which bots are made, and what the arena answers to it. */

import assert from "node:assert/strict"
import { beforeEach, test } from "node:test"
import { Failure } from "../../arena/web/app/lib/api.js"
import { bpsOf, changeWay, keep, kept, newForm, requestOf } from "../../arena/web/app/opening/form.js"
import { fromSecret, newScript, newState, rename, toSecret } from "../../arena/web/app/opening/script.js"
import { asEdited, placed, wrongOf } from "../../arena/web/app/opening/wrong.js"

const NOW = Date.parse("2026-03-08T12:00:00Z")

/** @param {string} kind */
function filled(kind, values = {}) {
  const form = newForm()
  form.kind = kind
  Object.assign(form.values, { name: "Boreas", "public.persona": "The north wind", "public.objective": "Guess what it paints.", "secret.phrase": "the northern lights" }, values)
  return form
}

beforeEach(() => {
  const stored = new Map()
  globalThis.sessionStorage = { getItem: (key) => stored.get(key) ?? null, setItem: (key, text) => stored.set(key, text), removeItem: (key) => stored.delete(key) }
})

test("a form becomes the request, in lamports and basis points", () => {
  const form = filled("passphrase", { initial_pot: "1.5", fee_base: "0,01", fee_growth_bps: "2.25", fee_cap: "0.123456789" })
  form.hints.push({ after: "3", text: "It is green." })
  assert.deepEqual(requestOf(form, "", NOW), {
    wrong: null,
    request: {
      name: "Boreas",
      kind: "passphrase",
      public: { persona: "The north wind", objective: "Guess what it paints.", hints: [{ after_messages: 3, text: "It is green." }] },
      secret: { phrase: "the northern lights" },
      credentials: {},
      fee_base: 10_000_000,
      fee_growth_bps: 225,
      fee_cap: 123_456_789,
      initial_pot: 1_500_000_000,
      closes_at: "2026-03-15T12:00:00.000Z",
      expiry_rule: "last_player",
      idle_after: 0,
      idle_min_messages: 0,
    },
  })
})

test("what is left empty is the arena's to choose", () => {
  const { request } = requestOf(filled("llm", { "public.objective": "x", "public.prompt": "x", "public.win_when": "x", "public.model": "small-1", "public.max_tokens": "300" }), "", NOW)
  assert.deepEqual(request.public, { persona: "The north wind", objective: "x", prompt: "x", win_when: "x", model: "small-1", max_tokens: 300 })
})

test("a price that does not grow is its own cap", () => {
  const { request } = requestOf(filled("passphrase", { fee_growth_bps: "0", fee_cap: "nonsense" }), "", NOW)
  assert.equal(request.fee_cap, request.fee_base)
})

test("what cannot be read is said at its field, all of it at once", () => {
  const form = filled("passphrase", { name: " ", fee_base: "a lot", fee_growth_bps: "101", closes_in: "at", closes_at: "", idle_after: "3600", idle_min_messages: "-1" })
  form.hints.push({ after: "soon", text: "" })
  const { request, wrong } = requestOf(form, "", NOW)
  assert.equal(request, null)
  assert.deepEqual(wrong.map(({ field }) => field).sort(), [
    "closes_at",
    "fee_base",
    "fee_growth_bps",
    "idle_min_messages",
    "name",
    "public.hints.0.after_messages",
    "public.hints.0.text",
  ])
})

test("percentages have at most two places", () => {
  assert.deepEqual(["0", "1", "2.5", "0,01", "100", "100.01", "1.234", "-1", "", "x", "3 %"].map(bpsOf), [0, 100, 250, 1, 10_000, null, null, null, null, null, 300])
})

test("what was typed is there after a reload, but for the key of a service", () => {
  const form = filled("llm")
  requestOf(form, "sk-very-secret", NOW)
  keep(form)
  assert.deepEqual(kept(), form)
  keep(null)
  assert.deepEqual(kept(), newForm())
})

test("what cannot be read of an earlier visit is forgotten", () => {
  sessionStorage.setItem("arena.opening", "{")
  assert.deepEqual(kept(), newForm())
})

test("a script is the same after a change of the way to edit it, and back", () => {
  const form = filled("script")
  const before = toSecret(form.script)
  changeWay(form)
  assert.deepEqual(JSON.parse(form.json), before)
  assert.deepEqual(requestOf(form, "", NOW).request.secret, before)
  changeWay(form)
  assert.equal(form.json, null)
  assert.deepEqual(toSecret(form.script), before)
})

test("a text that is no script stays a text, and says why", () => {
  for (const [json, why] of [
    ["{", /not JSON/],
    ["[]", /has to be an object/],
    ['{"start":"a","states":{"a":{"rules":{}}}}', /a\.rules has to be a list/],
    ['{"start":"a","states":{"a":{"otherwise":["one\\ntwo"]}}}', /several lines/],
  ]) {
    const form = { ...filled("script"), json }
    assert.throws(() => changeWay(form), why)
    assert.equal(form.json, json)
  }
})

test("states that have the same name, or none that the arena takes, are refused at their place", () => {
  const form = filled("script")
  form.script.states[1].name = "hungry"
  form.script.states[2].name = "In Side"
  assert.deepEqual(requestOf(form, "", NOW).wrong.map(({ field }) => field), ["states.1.name", "states.2.name"])
})

test("a state takes what leads to it along to its new name", () => {
  const script = newScript()
  rename(script, 2, "cellar")
  assert.equal(script.states[1].rules[0].to, "cellar")
  rename(script, 0, "starving")
  assert.equal(script.start, "starving")
})

test("a name that another state has on the way to a new one takes nothing from it", () => {
  const script = newScript()
  rename(script, 2, "fed")
  rename(script, 2, "fed_up")
  assert.equal(script.states[0].rules[0].to, "fed")
})

test("a further state has a name of its own", () => {
  const script = newScript()
  script.states[0].name = "state_4"
  assert.equal(newState(script).name, "state_5")
})

test("a script of somebody else's is read with what it leaves out", () => {
  assert.deepEqual(fromSecret({ start: "a", states: { a: { rules: [{ when: ["x"], replies: ["y"] }], otherwise: ["z"] }, b: { solved: true } } }), {
    start: "a",
    states: [
      { name: "a", solved: false, rules: [{ when: "x", replies: "y", to: "" }], otherwise: "z" },
      { name: "b", solved: true, rules: [], otherwise: "" },
    ],
  })
})

const refused = (code, document) => new Failure(code, "No", { status: 422, document })

test("what the arena finds wrong has the path of its field", () => {
  const errors = [{ field: "body.fee_base", message: "Input should be greater" }]
  assert.deepEqual(wrongOf(refused("validation_failed", { errors })), [{ field: "fee_base", message: "Input should be greater" }])
  assert.deepEqual(wrongOf(refused("bot_invalid", { detail: "closes_at: must be later" })), [{ field: "closes_at", message: "must be later" }])
  assert.deepEqual(wrongOf(refused("text_invalid", { detail: "It is empty." })), [{ field: "name", message: "It is empty." }])
})

test("other refusals are about no field", () => {
  assert.deepEqual(wrongOf(refused("too_many_drafts", { detail: "At most 50 of a creator." })), [])
  assert.deepEqual(wrongOf(new Failure("unreachable", "Away")), [])
  assert.deepEqual(wrongOf(new Error("declined")), [])
})

test("what is wrong with a state is shown where it stands in the list", () => {
  const form = filled("script")
  assert.equal(asEdited("secret.states.fed.rules.0.when.1", form), "states.1.rules.0.when.1")
  assert.equal(asEdited("secret.states.inside.[key]", form), "states.2.name")
  assert.equal(asEdited("secret.states.nowhere", form), "secret.states.nowhere")
  assert.equal(asEdited("secret.states.fed.rules", { ...form, json: "{}" }), "secret.states.fed.rules")
  assert.equal(asEdited("secret.phrase", filled("passphrase")), "secret.phrase")
})

test("what is wrong is said at the nearest field, and once", () => {
  const wrong = [
    { field: "public.hints.0.text", message: "contains the phrase" },
    { field: "public.hints", message: "contain the phrase" },
    { field: "states.0.rules.0.when.1", message: "must be words" },
    { field: "states.0.rules.0.when", message: "Tuple should have at least 1 item after validation, not 0" },
    { field: "kind", message: "must be one of others" },
  ]
  assert.deepEqual(Object.fromEntries(placed(wrong, ["public.hints", "public.hints.0.text", "states.0.rules.0.when"])), {
    "public.hints.0.text": "Contains the phrase.",
    "public.hints": "Contain the phrase.",
    "states.0.rules.0.when": "Line 2: must be words.",
    "": "kind: must be one of others.",
  })
})

test("a field whose name another one's begins with is not taken for it", () => {
  assert.deepEqual([...placed([{ field: "fee_base", message: "Too low." }], ["fee"]).keys()], [""])
})
