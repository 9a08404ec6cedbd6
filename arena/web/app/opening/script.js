/** Scripts as they are edited: a list of states, with one pattern or reply a line. docs/brains.md has their rules. */

/** @typedef {{ when: string, replies: string, to: string }} Rule to: empty: the player stays */
/** @typedef {{ name: string, solved: boolean, rules: Rule[], otherwise: string }} State */
/** @typedef {{ start: string, states: State[] }} Script */

/** @returns {Script} an example to begin with */
export const newScript = () => ({
  start: "hungry",
  states: [
    {
      name: "hungry",
      solved: false,
      rules: [
        { when: "* fish|milk *", replies: "The cat purrs. “And what is it that you want?”", to: "fed" },
        { when: "* dog *", replies: "It hisses.\nIt scratches you.", to: "" },
      ],
      otherwise: "It looks at its empty bowl.\nIt looks at you, and at the river full of fish.",
    },
    { name: "fed", solved: false, rules: [{ when: "* cellar|door|in *", replies: "It steps aside.", to: "inside" }], otherwise: "It washes a paw." },
    { name: "inside", solved: true, rules: [], otherwise: "" },
  ],
})

/** @returns {Rule} */
export const newRule = () => ({ when: "", replies: "", to: "" })

/**
 * @param {Script} script
 * @returns {State} a further state, under a name that none has
 */
export function newState({ states }) {
  let number = states.length + 1
  while (states.some(({ name }) => name === `state_${number}`)) number++
  return { name: `state_${number}`, solved: false, rules: [newRule()], otherwise: "" }
}

/**
 * Give a state another name, everywhere.
 *
 * @param {Script} script
 * @param {number} index
 * @param {string} name
 */
export function rename(script, index, name) {
  const state = script.states[index]
  if (state === undefined) return
  const before = state.name
  state.name = name
  // as long as two have the same name, nobody knows which of them is meant
  if (before === "" || script.states.some((other) => other.name === before)) return
  if (script.start === before) script.start = name
  for (const { rules } of script.states) for (const rule of rules) if (rule.to === before) rule.to = name
}

/**
 * The script as the arena takes it.
 *
 * @param {Script} script
 * @returns {Record<string, unknown>}
 */
export function toSecret({ start, states }) {
  return {
    start,
    states: Object.fromEntries(
      states.map(({ name, solved, rules, otherwise }) => [
        name.trim(),
        solved
          ? { solved: true }
          : {
              rules: rules.map(({ when, replies, to }) => ({ when: lines(when), replies: lines(replies), ...(to === "" ? {} : { to }) })),
              otherwise: lines(otherwise),
            },
      ]),
    ),
  }
}

/**
 * The same back.
 *
 * @param {Record<string, unknown>} secret
 * @returns {Script}
 * @throws {Error} it has another form, in words for its author
 */
export function fromSecret(secret) {
  const states = record(secret.states, "states")
  return {
    start: text(secret.start, "start"),
    states: Object.entries(states).map(([name, given]) => {
      const { rules = [], otherwise = [], solved = false } = record(given, name)
      return {
        name,
        solved: solved === true,
        otherwise: joined(otherwise, `${name}.otherwise`),
        rules: list(rules, `${name}.rules`).map((rule, number) => {
          const place = `${name}.rules.${number}`
          const { when, replies, to } = record(rule, place)
          return { when: joined(when, `${place}.when`), replies: joined(replies, `${place}.replies`), to: text(to ?? "", `${place}.to`) }
        }),
      }
    }),
  }
}

/** @param {string} text */
export const lines = (text) =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")

/**
 * @param {unknown} value
 * @param {string} place
 */
function joined(value, place) {
  const texts = list(value, place).map((one) => text(one, place))
  if (texts.some((one) => one.includes("\n"))) throw new Error(`${place} has a text of several lines, which can only be edited as JSON.`)
  return texts.join("\n")
}

/**
 * @param {unknown} value
 * @param {string} place
 * @returns {Record<string, unknown>}
 */
function record(value, place) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error(`${place} has to be an object: { … }.`)
  return /** @type {Record<string, unknown>} */ (value)
}

/**
 * @param {unknown} value
 * @param {string} place
 * @returns {unknown[]}
 */
function list(value, place) {
  if (!Array.isArray(value)) throw new Error(`${place} has to be a list: [ … ].`)
  return value
}

/**
 * @param {unknown} value
 * @param {string} place
 */
function text(value, place) {
  if (typeof value !== "string") throw new Error(`${place} has to be a text in quotation marks.`)
  return value
}
