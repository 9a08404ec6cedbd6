/**
 * Templates: `html` describes a piece of a page, `render` makes it so, changing only what has changed.
 *
 * The texts of a template are the app's own, and are the only ones that ever become markup. Values become texts and
 * attributes, never markup, whatever is in them.
 *
 * In a tag, a value may be an attribute's (`class="big ${size}"`), `?disabled=${true}`, a property `.value=${text}`,
 * or an event's handler `@click=${() => …}`. Elsewhere it may be a text, a number, another template, a node, a list of
 * these, or nothing (null, undefined, false, true). Items of lists that have a key (`keyed`) keep their elements.
 */

/**
 * @typedef {object} Template
 * @property {TemplateStringsArray} strings
 * @property {readonly unknown[]} values
 * @property {unknown} key
 * @property {boolean} drawing whether it is a piece of SVG
 */

/**
 * @param {TemplateStringsArray} strings
 * @param {...unknown} values
 * @returns {Template}
 */
export const html = (strings, ...values) => ({ strings, values, key: undefined, drawing: false })

/**
 * The same for what belongs into an `<svg>`.
 *
 * @param {TemplateStringsArray} strings
 * @param {...unknown} values
 * @returns {Template}
 */
export const svg = (strings, ...values) => ({ strings, values, key: undefined, drawing: true })

/**
 * An item of a list that is recognised by its key.
 *
 * @param {unknown} key
 * @param {Template} template
 * @returns {Template}
 */
export const keyed = (key, template) => ({ ...template, key })

/** @type {WeakMap<Node, Child>} */
const roots = new WeakMap()

/**
 * Make the contents of `container` what `value` says.
 *
 * @param {unknown} value
 * @param {Element} container
 */
export function render(value, container) {
  let root = roots.get(container)
  if (root === undefined) {
    container.replaceChildren()
    root = new Child(container.appendChild(document.createComment("")))
    roots.set(container, root)
  }
  root.set([value])
}

/** @typedef {{ path: number, kind: "child" } | { path: number, kind: "attribute", name: string, texts: string[] }} Hole */
/** @typedef {{ element: HTMLTemplateElement, holes: Hole[] }} Compiled */
/** @typedef {{ count: number, set: (values: readonly unknown[]) => void }} Part */

/** @type {WeakMap<TemplateStringsArray, Compiled>} */
const compiled = new WeakMap()

const MARK = "\u2042"
const OPEN_ATTRIBUTE = /([.?@]?[\w-]+)=(?:"[^"]*|'[^']*)?$/

/** @typedef {{ createHTML: (text: string) => string }} Policy */

/** @type {Policy | undefined} the one way from a text to markup, of the app's own templates */
let policy

/** @returns {Policy} */
function markupPolicy() {
  const rules = { createHTML: (/** @type {string} */ text) => text }
  const { trustedTypes } = /** @type {{ trustedTypes?: { createPolicy: (name: string, rules: Policy) => Policy } }} */ (globalThis)
  policy ??= trustedTypes ? trustedTypes.createPolicy("arena", rules) : rules
  return policy
}

/**
 * @param {Template} template
 * @returns {Compiled}
 */
function compile({ strings, drawing }) {
  const known = compiled.get(strings)
  if (known !== undefined) return known
  /** @type {string[]} names of the attributes that holes are in, in order */
  const names = []
  let markup = ""
  strings.forEach((text, index) => {
    markup += text
    if (index === strings.length - 1) return
    const inTag = markup.lastIndexOf("<") > markup.lastIndexOf(">")
    if (inTag) names.push(OPEN_ATTRIBUTE.exec(markup)?.[1] ?? "")
    markup += inTag ? MARK : `<!--${MARK}-->`
  })
  const element = document.createElement("template")
  // indentation is no text, a blank is
  const trimmed = markup.replace(/^\s*\n\s*|\s*\n\s*$/g, "")
  element.innerHTML = markupPolicy().createHTML(drawing ? `<svg>${trimmed}</svg>` : trimmed)
  if (drawing) element.content.replaceChildren(.../** @type {Element} */ (element.content.firstChild).childNodes)
  /** @type {Hole[]} */
  const holes = []
  const walker = document.createTreeWalker(element.content, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_COMMENT)
  for (let path = 0; walker.nextNode(); path++) {
    const node = walker.currentNode
    if (node instanceof Comment) {
      if (node.data === MARK) {
        node.data = ""
        holes.push({ path, kind: "child" })
      }
      continue
    }
    const tag = /** @type {Element} */ (node)
    for (const attribute of [...tag.attributes]) {
      if (!attribute.value.includes(MARK)) continue
      const texts = attribute.value.split(MARK)
      const name = names[0] ?? attribute.name
      names.splice(0, texts.length - 1)
      holes.push({ path, kind: "attribute", name, texts })
      tag.removeAttribute(attribute.name)
    }
  }
  const result = { element, holes }
  compiled.set(strings, result)
  return result
}

/** A template that is in the page, between two marks. */
class Instance {
  /** @param {Template} template */
  constructor(template) {
    const { element, holes } = compile(template)
    this.strings = template.strings
    this.key = template.key
    this.fragment = document.importNode(element.content, true)
    /** @type {Node[]} */
    const nodes = []
    const walker = document.createTreeWalker(this.fragment, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_COMMENT)
    while (walker.nextNode()) nodes.push(walker.currentNode)
    /** @type {Part[]} */
    this.parts = holes.map((hole) => {
      const node = /** @type {Node} */ (nodes[hole.path])
      if (hole.kind === "child") return new Child(/** @type {Comment} */ (node))
      return attributePart(/** @type {Element} */ (node), hole.name, hole.texts)
    })
    this.start = document.createComment("")
    this.end = document.createComment("")
    this.fragment.prepend(this.start)
    this.fragment.append(this.end)
    this.set(template.values)
  }

  /** @param {readonly unknown[]} values */
  set(values) {
    let at = 0
    for (const part of this.parts) {
      part.set(values.slice(at, at + part.count))
      at += part.count
    }
  }

  /** @param {Node} before */
  moveBefore(before) {
    if (this.start.parentNode === null || this.fragment.hasChildNodes()) {
      before.parentNode?.insertBefore(this.fragment, before)
      return
    }
    const range = document.createRange()
    range.setStartBefore(this.start)
    range.setEndAfter(this.end)
    before.parentNode?.insertBefore(range.extractContents(), before)
  }

  remove() {
    const range = document.createRange()
    range.setStartBefore(this.start)
    range.setEndAfter(this.end)
    range.deleteContents()
  }
}

/** What is in the place before a mark. */
class Child {
  count = 1
  /** @type {Text | Node | null} */
  #node = null
  /** @type {Instance[]} */
  #items = []

  /** @param {Comment} anchor */
  constructor(anchor) {
    this.anchor = anchor
  }

  /** @param {readonly unknown[]} values one */
  set([value]) {
    if (Array.isArray(value)) this.#list(value.filter((item) => item !== null && item !== undefined && item !== false))
    else if (isTemplate(value)) this.#list([value])
    else if (value instanceof Node) this.#show(value)
    else if (value === null || value === undefined || typeof value === "boolean") this.#clear()
    else this.#text(String(value))
  }

  /** @param {string} text */
  #text(text) {
    if (this.#node instanceof Text) {
      if (this.#node.data !== text) this.#node.data = text
    } else this.#show(document.createTextNode(text))
  }

  /** @param {Node} node */
  #show(node) {
    if (this.#node === node) return
    this.#clear()
    this.anchor.before(node)
    this.#node = node
  }

  #clear() {
    this.#node?.parentNode?.removeChild(this.#node)
    this.#node = null
    for (const item of this.#items) item.remove()
    this.#items = []
  }

  /** @param {unknown[]} values */
  #list(values) {
    if (this.#node !== null) this.#clear()
    /** @type {Map<unknown, Instance>} */
    const old = new Map(this.#items.map((item, index) => [item.key ?? index, item]))
    const items = values.map((value, index) => {
      const template = isTemplate(value) ? value : html`${value}`
      const key = template.key ?? index
      const instance = old.get(key)
      if (instance?.strings !== template.strings) return new Instance(template)
      old.delete(key)
      instance.set(template.values)
      return instance
    })
    for (const gone of old.values()) gone.remove()
    /** @type {Node} */
    let next = this.anchor
    for (const item of [...items].reverse()) {
      if (item.end.nextSibling !== next) item.moveBefore(next)
      next = item.start
    }
    this.#items = items
  }
}

/**
 * @param {Element} element
 * @param {string} name with the sign that says what it is
 * @param {string[]} texts around the values
 * @returns {Part}
 */
function attributePart(element, name, texts) {
  const plain = name.slice(1)
  const count = texts.length - 1
  /** @type {unknown} */
  let last
  switch (name[0]) {
    case "@": {
      /** @type {((event: Event) => unknown) | undefined} */
      let handler
      element.addEventListener(plain, (event) => handler?.call(element, event))
      return { count, set: ([value]) => void (handler = /** @type {(event: Event) => unknown} */ (value)) }
    }
    case ".":
      return {
        count,
        set: ([value]) => {
          if (value !== last) Reflect.set(element, plain, value)
          last = value
        },
      }
    case "?":
      return { count, set: ([value]) => void element.toggleAttribute(plain, Boolean(value)) }
    default:
      return {
        count,
        set: (values) => {
          const gone = values.length === 1 && (values[0] === null || values[0] === undefined || values[0] === false)
          const text = gone ? null : texts.reduce((made, next, index) => `${made}${String(values[index - 1] ?? "")}${next}`)
          if (text === last) return
          last = text
          if (text === null) element.removeAttribute(name)
          else element.setAttribute(name, text)
        },
      }
  }
}

/**
 * @param {unknown} value
 * @returns {value is Template}
 */
function isTemplate(value) {
  return typeof value === "object" && value !== null && "strings" in value && "values" in value
}
