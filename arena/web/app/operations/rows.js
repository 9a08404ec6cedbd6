/** The actor tree as rows: which there are, what is wrong with them, and where the arrow keys lead. Pure functions. */

/** @typedef {import("../../types/api.js").ActorSummary} Actor */
/** @typedef {{ node: Actor, children: readonly Actor[] }} Branch a node that is open, with the children that were read */

/**
 * @typedef {object} Row
 * @property {"actor" | "more" | "waiting"} kind more: stands for children that were not read; waiting: for all of them
 * @property {string} id of its own among rows
 * @property {string} path of the actor; of whose children it stands for
 * @property {number} level 1 for the root
 * @property {number} position among its siblings, from 1
 * @property {number} size how many siblings there are
 * @property {Actor | null} actor
 * @property {boolean | null} open null: there is nothing below it
 * @property {number} left how many are not shown
 */

/** Seconds at one message after which an actor may be stuck. */
export const STUCK = 10
/** Part of a mailbox from which on it is nearly full. */
const FULL = 0.8

/**
 * @param {ReadonlyMap<string, Branch>} branches by path
 * @param {ReadonlySet<string>} open paths of the nodes that are open
 * @returns {Row[]} of the root, if it is known, and of all that is below it and not hidden
 */
export function rowsOf(branches, open) {
  const root = branches.get("/")?.node
  return root === undefined ? [] : below(root, 1, 1, 1, branches, open)
}

/**
 * @param {Actor} actor
 * @param {number} level
 * @param {number} position
 * @param {number} size
 * @param {ReadonlyMap<string, Branch>} branches
 * @param {ReadonlySet<string>} open
 * @returns {Row[]}
 */
function below(actor, level, position, size, branches, open) {
  const { path } = actor
  const isOpen = actor.children > 0 ? open.has(path) : null
  /** @type {Row[]} */
  const rows = [{ kind: "actor", id: path, path, level, position, size, actor, open: isOpen, left: 0 }]
  if (!isOpen) return rows
  const children = branches.get(path)?.children
  const count = Math.max(actor.children, children?.length ?? 0)
  const stands = { path, level: level + 1, size: count, actor: null, open: null }
  if (children === undefined) return [...rows, { ...stands, kind: "waiting", id: `${path}?`, position: 1, left: count }]
  children.forEach((child, index) => rows.push(...below(child, level + 1, index + 1, count, branches, open)))
  const left = count - children.length
  if (left > 0) rows.push({ ...stands, kind: "more", id: `${path}+`, position: children.length + 1, left })
  return rows
}

/**
 * @param {readonly Actor[]} actors
 * @param {number} total how many there are with those that were not read
 * @returns {Row[]} one below the other, for actors that were searched for
 */
export function flatRows(actors, total) {
  const size = Math.max(total, actors.length)
  const stands = { level: 1, size, open: null }
  /** @type {Row[]} */
  const rows = actors.map((actor, index) => ({ ...stands, kind: "actor", id: actor.path, path: actor.path, position: index + 1, actor, left: 0 }))
  const left = size - actors.length
  return left > 0 ? [...rows, { ...stands, kind: "more", id: "+", path: "", position: actors.length + 1, actor: null, left }] : rows
}

/**
 * @param {Actor} actor
 * @returns {{ word: string, bad: boolean } | null} what an operator should look at; null: nothing
 */
export function trouble(actor) {
  if (actor.state === "failed") return { word: "failed", bad: true }
  if ((actor.handling_for ?? 0) >= STUCK) return { word: "stuck", bad: true }
  if (actor.mailbox_capacity > 0 && actor.mailbox_depth >= FULL * actor.mailbox_capacity) return { word: "mailbox full", bad: true }
  if (actor.state === "restarting" || actor.state === "stopped") return { word: actor.state, bad: false }
  if (actor.failed > 0) return { word: "has crashed", bad: false }
  return actor.restarts > 0 ? { word: "restarted", bad: false } : null
}

/**
 * @param {ReadonlySet<string>} open
 * @param {string} path
 * @param {number} most how many may be open
 * @returns {Set<string>} with that one open, too; if these are too many, without those that were opened first, but
 *   never without what is above it
 */
export function opened(open, path, most) {
  const next = new Set(open)
  for (const other of open) {
    if (next.size < most) break
    if (other !== "/" && other !== path && !path.startsWith(`${other}/`)) next.delete(other)
  }
  return next.add(path)
}

/**
 * @param {ReadonlySet<string>} open
 * @param {string} path
 * @returns {Set<string>} without that one and what is below it
 */
export function closed(open, path) {
  const below = path === "/" ? "/" : `${path}/`
  return new Set([...open].filter((other) => other !== path && !other.startsWith(below)))
}

/** @param {string} path */
export const lastPart = (path) => path.slice(path.lastIndexOf("/") + 1) || "/"

/** @typedef {{ to: string } | { open: string } | { close: string } | null} Move */

/**
 * What an arrow key does in a tree (ARIA's pattern "tree view").
 *
 * @param {readonly Row[]} rows
 * @param {string} id of the row that has the focus
 * @param {string} key
 * @returns {Move} the row to go to, or the path of the node to open or close; null: nothing
 */
export function moved(rows, id, key) {
  const index = rows.findIndex((row) => row.id === id)
  const row = rows[index]
  if (row === undefined) return null
  const to = (/** @type {Row | undefined} */ other) => (other && other !== row ? { to: other.id } : null)
  switch (key) {
    case "ArrowDown":
      return to(rows[index + 1])
    case "ArrowUp":
      return to(rows[index - 1])
    case "Home":
      return to(rows[0])
    case "End":
      return to(rows.at(-1))
    case "ArrowRight":
      return row.open === null ? null : row.open ? to(rows[index + 1]) : { open: row.path }
    case "ArrowLeft":
      if (row.open) return { close: row.path }
      return to(rows.slice(0, index).reverse().find(({ level }) => level < row.level))
    default:
      return null
  }
}

/**
 * The next row whose name begins with what was typed, from the one after the focus on, around the end.
 *
 * @param {readonly Row[]} rows
 * @param {string} id
 * @param {string} typed
 * @returns {string | null} its id
 */
export function found(rows, id, typed) {
  const start = rows.findIndex((row) => row.id === id) + 1
  const around = [...rows.slice(start), ...rows.slice(0, start)]
  return around.find(({ kind, path }) => kind === "actor" && lastPart(path).toLowerCase().startsWith(typed.toLowerCase()))?.id ?? null
}
