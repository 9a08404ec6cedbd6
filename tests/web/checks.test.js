/** What a transaction that opens a bot does, read from its bytes; sample_opening.json is one of the arena's. */

import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import { Untrue, checkOpening } from "../../arena/web/app/wallet/checks.js"

const { transaction, program, wallet, bot } = JSON.parse(readFileSync(new URL("sample_opening.json", import.meta.url), "utf8"))
const ANOTHER = "11111111111111111111111111111111"

test("the transaction of a draft opens it on its terms", async () => {
  await checkOpening(transaction, { program, wallet, bot })
})

const others = {
  id: "0192f0c1-7d5e-7c3a-9b1f-3f2a5c7d9e11",
  address: ANOTHER,
  objective_hash: "00".repeat(32),
  closes_at: "2026-03-08T12:00:01Z",
  expiry_rule: "last_player",
}
for (const [name, value] of Object.entries(bot)) {
  test(`a transaction with another ${name} is refused`, async () => {
    const shown = { ...bot, [name]: others[name] ?? value + 1 }
    await assert.rejects(checkOpening(transaction, { program, wallet, bot: shown }), Untrue)
  })
}

test("a transaction for another wallet or of another program is refused", async () => {
  await assert.rejects(checkOpening(transaction, { program, wallet: ANOTHER, bot }), Untrue)
  await assert.rejects(checkOpening(transaction, { program: ANOTHER, wallet, bot }), Untrue)
})

test("no byte of the instruction can be another", async () => {
  const bytes = Buffer.from(transaction, "base64")
  // its arguments are the last 109 bytes, before the end of a versioned transaction's empty list of tables
  for (let place = bytes.length - 1 - 109; place < bytes.length - 1; place++) {
    const changed = Buffer.from(bytes)
    changed[place] ^= 1
    await assert.rejects(checkOpening(changed.toString("base64"), { program, wallet, bot }), Untrue, `byte ${place}`)
  }
})

test("what is no transaction is refused", async () => {
  for (const text of ["", "AAAA", transaction.slice(0, 400)]) await assert.rejects(checkOpening(text, { program, wallet, bot }), Untrue)
})
