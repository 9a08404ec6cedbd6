/** What is known of a bot comes together, in whatever order it is told. */

import assert from "node:assert/strict"
import { test } from "node:test"

import { Conversation } from "../../arena/web/app/bot/conversation.js"

const ME = "me"

function conversation() {
  const said = new Conversation(ME)
  said.read({ status: "open", pot: 100, next_price: 10, message_count: 0, winner: null, reward: null, public: {} })
  return said
}

const reply = (index, values = {}) => ({
  type: "reply", seq: index * 10, id: `id-${index}`, message_id: `m-${index}`, message_index: index, wallet: "other", text: `text ${index}`, reply: `reply ${index}`, verdict: "unsolved", ...values,
})
const line = (index, values = {}) => ({
  message_id: `m-${index}`, message_index: index, wallet: "other", username: null, text: `text ${index}`, reply: `reply ${index}`, verdict: "unsolved", amount: 10, signature: `s-${index}`, judged_at: "", ...values,
})
const own = (id, values = {}) => ({
  id, message_id: `m-${id}`, text: `text ${id}`, amount: 10, status: "paid", message_index: null, reply: null, verdict: null, signature: null, refund_reason: null, refund_signature: null, created_at: "", judged_at: null, ...values,
})

test("lines are in the order of the chain, whatever the order in which they were told", () => {
  const said = conversation()
  said.apply(reply(3))
  said.addTranscript([line(2), line(1)])
  assert.deepEqual(said.inOrder.map(({ index }) => index), [1, 2, 3])
})

test("a line that is told twice is there once, and knows what either told", () => {
  const said = conversation()
  said.addTranscript([line(1, { username: "mira" })])
  said.apply(reply(1))
  assert.equal(said.inOrder.length, 1)
  assert.deepEqual([said.inOrder[0].username, said.inOrder[0].amount, said.inOrder[0].signature], ["mira", 10, "s-1"])
})

test("a message of one's own goes its way and becomes a line", () => {
  const said = conversation()
  said.begin("a", "hello")
  const stage = () => said.own.get("a")?.stage
  said.change("a", { stage: "sending", amount: 10 })
  said.apply({ type: "payment", seq: 1, id: "a", status: "accepted", signature: "s" })
  assert.equal(stage(), "paying")
  said.apply({ type: "payment", seq: 2, id: "a", status: "confirmed", signature: "s", message_index: 1 })
  assert.equal(stage(), "paid")
  said.apply({ type: "reply.delta", id: "a", text: "Well, " })
  said.apply({ type: "reply.delta", id: "a", text: "no." })
  assert.equal(said.own.get("a")?.reply, "Well, no.")
  said.apply(reply(1, { id: "a", wallet: ME }))
  assert.equal(said.own.size, 0)
  assert.deepEqual([said.inOrder[0].amount, said.inOrder[0].signature], [10, "s"])
})

test("an old word of a payment does not take it back", () => {
  const said = conversation()
  said.begin("a", "hello")
  said.apply({ type: "payment", seq: 2, id: "a", status: "confirmed", signature: "s", message_index: 1 })
  said.apply({ type: "payment.state", id: "a", status: "paying" })
  said.addHistory([own("a", { status: "paying" })])
  assert.equal(said.own.get("a")?.stage, "paid")
})

test("what the chain takes back is on its way again, and what followed is not there", () => {
  const said = conversation()
  said.begin("a", "hello")
  said.apply({ type: "payment", seq: 2, id: "a", status: "confirmed", signature: "s", message_index: 3 })
  for (const index of [1, 2]) said.apply(reply(index))
  said.apply({ type: "payment", seq: 5, id: "a", status: "taken_back", signature: "s" })
  said.apply({ type: "rollback", seq: 6, pot: 50, message_count: 1, next_price: 5 })
  assert.equal(said.own.get("a")?.stage, "paying")
  assert.deepEqual(said.inOrder.map(({ index }) => index), [1])
  assert.deepEqual([said.bot?.pot, said.bot?.message_count], [50, 1])
})

test("a message of one's own that was judged and is taken back is on its way again, until it is judged again", () => {
  const said = conversation()
  said.apply(reply(1, { id: "a", wallet: ME }))
  said.apply({ type: "rollback", seq: 20, pot: 100, message_count: 0, next_price: 10 })
  said.apply({ type: "payment", seq: 21, id: "a", status: "taken_back", signature: "s" })
  assert.deepEqual([said.inOrder.length, said.own.get("a")?.stage, said.own.get("a")?.text], [0, "paying", "text 1"])
  said.apply(reply(2, { id: "a", wallet: ME }))
  assert.deepEqual([said.inOrder.map(({ index }) => index), said.own.size], [[2], 0])
})

test("after a rollback the pot is what is told next", () => {
  const said = conversation()
  said.apply({ type: "pot", seq: 1, pot: 120, message_count: 2, next_price: 12 })
  said.apply({ type: "rollback", seq: 2, pot: 100, message_count: 0, next_price: 10 })
  said.apply({ type: "pot", seq: 3, pot: 110, message_count: 1, next_price: 11 })
  assert.deepEqual([said.bot?.pot, said.bot?.next_price], [110, 11])
})

test("an old pot does not replace a newer one", () => {
  const said = conversation()
  said.apply({ type: "pot", seq: 9, pot: 130, message_count: 3, next_price: 13 })
  said.apply({ type: "pot", seq: 8, pot: 120, message_count: 2, next_price: 12 })
  said.read({ ...said.bot, pot: 110, message_count: 1, next_price: 11 })
  assert.deepEqual([said.bot?.pot, said.bot?.message_count, said.bot?.next_price], [130, 3, 13])
})

test("a payment that came to nothing says why", () => {
  const said = conversation()
  said.begin("a", "hello")
  said.apply({ type: "payment", seq: 2, id: "a", status: "failed", signature: "s", code: "quote_expired", detail: "Too late." })
  assert.deepEqual([said.own.get("a")?.stage, said.own.get("a")?.problem], ["dead", "Too late."])
})

test("a refund is told with its reason, and ends when it is paid", () => {
  const said = conversation()
  said.begin("a", "hello")
  said.apply({ type: "payment", seq: 2, id: "a", status: "confirmed", signature: "s", message_index: 4 })
  said.apply({ type: "refund", seq: 3, id: "a", message_index: 4, amount: 10, status: "due", reason: "late" })
  assert.deepEqual([said.own.get("a")?.stage, said.own.get("a")?.reason], ["refunding", "late"])
  said.apply({ type: "refund", seq: 4, message_index: 4, amount: 10, status: "paid" })
  assert.deepEqual([said.own.get("a")?.stage, said.own.get("a")?.reason], ["refunded", "late"])
})

test("history has judged messages as lines and the others as they are, the oldest first", () => {
  const said = conversation()
  said.addHistory([
    own("c", { status: "paying" }),
    own("b", { status: "refunded", refund_reason: "late" }),
    own("a", { status: "judged", message_index: 1, reply: "no", verdict: "unsolved" }),
  ])
  assert.deepEqual([...said.own.keys()], ["b", "c"])
  assert.equal(said.inOrder[0].wallet, ME)
})

test("the end of a bot is something to read more about", () => {
  const said = conversation()
  assert.equal(said.apply({ type: "settlement", seq: 1, status: "solved", winner: ME, message_index: 2, reward: 90 }), true)
  assert.deepEqual([said.bot?.status, said.bot?.winner, said.bot?.reward], ["solved", ME, 90])
  assert.equal(said.apply({ type: "presence", bot_id: "b", players: 2, watching: 3 }), false)
  assert.deepEqual([said.players, said.watching], [2, 3])
})
