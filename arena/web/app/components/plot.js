/**
 * A plot: series of numbers over numbers or times, as lines, areas or bars.
 *
 * `<arena-plot .data=${…}>` is as wide as its place and as high as `--plot-height`, before it has data as well as after.
 * What is at a place it says where the pointer is, or the arrow keys lead.
 */

import { Component } from "../lib/component.js"
import { html, svg } from "../lib/html.js"
import { at as instant } from "../lib/time.js"
import { around, linear, nearest, times, within } from "./scale.js"

/**
 * @typedef {object} Series
 * @property {string} name
 * @property {readonly (number | null)[]} values one for each x; null: a gap
 * @property {"line" | "area" | "bars"} [shape] a line if not given
 */

/**
 * @typedef {object} Data
 * @property {string} label what is shown
 * @property {readonly number[]} xs ascending; times in milliseconds
 * @property {readonly Series[]} series
 * @property {"number" | "time"} [axis] of the xs; numbers if not given
 * @property {string} [unit] what the xs count, below the axis
 * @property {(x: number) => string} [showX] in the readout
 * @property {(y: number) => string} [showY]
 * @property {boolean} [fromZero] whether the values' axis begins at zero; it does if not given
 * @property {string} [none] what to say if there is nothing to show
 */

const TOP = 8
const RIGHT = 14
const BOTTOM = 24
/** Pixels of an average character on an axis. */
const CHARACTER = 7
/** Rows of the table for those who do not see the plot. */
const ROWS = 15
const FAR = 10

const plain = new Intl.NumberFormat(undefined, { maximumFractionDigits: 6 })

/** @type {Data} */
const NOTHING = { label: "", xs: [], series: [] }

class Plot extends Component {
  #data = NOTHING
  #width = 0
  #height = 0
  /** index that is pointed at @type {number | null} */
  #at = null
  /** only what was asked for by keys is spoken */
  #byKeys = false
  /** @type {Element | null} */
  #observed = null
  #observer = new ResizeObserver(([entry]) => {
    if (entry === undefined) return
    this.#width = Math.round(entry.contentRect.width)
    this.#height = Math.round(entry.contentRect.height)
    this.update()
  })

  /** @param {Data} data */
  set data(data) {
    this.#data = data
    if (this.#at !== null && this.#at >= data.xs.length) this.#at = null
    this.update()
  }

  get data() {
    return this.#data
  }

  connected() {
    this.life.addEventListener("abort", () => {
      this.#observer.disconnect()
      this.#observed = null
    })
  }

  painted() {
    const frame = this.querySelector(".plot-frame")
    if (frame === null || frame === this.#observed) return
    this.#observer.disconnect()
    this.#observer.observe(frame)
    this.#observed = frame
  }

  view() {
    const { label, series, unit, none = "Nothing to show yet." } = this.#data
    const empty = isEmpty(this.#data)
    return html`<figure class="plot">
      <figcaption class="plot-head">
        <span class="plot-label">${label}</span>
        <span class="plot-readout" aria-live=${this.#byKeys ? "polite" : "off"}>${!empty && this.#readout()}</span>
      </figcaption>
      ${
        empty
          ? html`<div class="plot-frame plot-none"><p class="soft">${none}</p></div>`
          : html`<div class="plot-frame">
              <svg role="img" tabindex="0" aria-label="${label}: ${summary(this.#data)}. Arrow keys read single values." @pointermove=${(/** @type {PointerEvent} */ event) => this.#point(event)} @pointerdown=${(/** @type {PointerEvent} */ event) => this.#point(event)} @pointerleave=${() => this.#go(null)} @blur=${() => this.#go(null)} @keydown=${(/** @type {KeyboardEvent} */ event) => this.#key(event)}>
                ${this.#width > 0 && this.#drawing()}
              </svg>
            </div>`
      }
      ${unit && html`<p class="plot-unit" aria-hidden="true">${unit}</p>`}
      ${series.length > 1 && html`<ul class="plot-legend">${series.map(({ name }, index) => html`<li class="series-${index % 4}">${name}</li>`)}</ul>`}
      ${!empty && html`<div class="unseen">${table(this.#data)}</div>`}
    </figure>`
  }

  /** The part of the picture that values are in, and how they get there. */
  #scales() {
    const { xs, series, showY = plain.format, fromZero = true } = this.#data
    const values = series.flatMap(({ values }) => values.filter((value) => value !== null))
    const low = values.reduce((a, b) => Math.min(a, b), fromZero ? 0 : Infinity)
    const high = values.reduce((a, b) => Math.max(a, b), fromZero ? 0 : -Infinity)
    const ys = around(low, high, Math.max(2, Math.floor(this.#height / 55)), values.every(Number.isInteger))
    const left = Math.ceil(Math.max(...ys.map((value) => showY(value).length)) * CHARACTER) + 10
    const bars = series.some(({ shape }) => shape === "bars")
    // half a bar's room at both ends
    const width = Math.max(1, this.#width - left - RIGHT)
    const room = bars ? width / xs.length / 2 : 0
    const [first, last] = [xs[0] ?? 0, xs.at(-1) ?? 0]
    const x = first === last ? () => left + width / 2 : linear([first, last], [left + room, this.#width - RIGHT - room])
    const bottom = this.#height - BOTTOM
    return { left, bottom, first, last, ys, x, y: linear([ys[0] ?? 0, ys.at(-1) ?? 1], [bottom, TOP]), gap: closest(xs, x, width) }
  }

  #drawing() {
    const { xs, series, axis = "number", showY = plain.format } = this.#data
    const { left, bottom, first, last, ys, x, y, gap } = this.#scales()
    const right = this.#width - RIGHT
    const most = Math.max(1, Math.floor((right - left) / 80))
    const ticks =
      axis === "time" ? times(first, last, most) : within(first, last, most, xs.every(Number.isInteger)).map((at) => ({ at, label: plain.format(at) }))
    const barred = series.filter(({ shape }) => shape === "bars")
    const at = this.#at
    return svg`
      ${ys.map((value) => svg`<g><line class="plot-grid" x1="${left}" x2="${right}" y1="${y(value)}" y2="${y(value)}"/><text class="plot-tick" x="${left - 8}" y="${y(value)}" dy="0.32em" text-anchor="end">${showY(value)}</text></g>`)}
      ${ticks.map((tick) => svg`<text class="plot-tick" x="${x(tick.at)}" y="${bottom + 18}" text-anchor="${x(tick.at) > right - 20 ? "end" : "middle"}">${tick.label}</text>`)}
      ${series.map(({ values, shape = "line" }, index) => {
        const points = values.map((value, place) => (value === null ? null : { x: x(xs[place] ?? 0), y: y(value) }))
        const zero = Math.min(bottom, Math.max(TOP, y(0)))
        const place = barred.findIndex((one) => one.values === values)
        return svg`<g class="series-${index % 4}">
          ${shape === "area" && svg`<path class="plot-area" d="${area(points, zero)}"/>`}
          ${shape === "bars" && svg`<path class="plot-bars" d="${bars(points, zero, gap * 0.8, place, barred.length)}"/>`}
          ${shape !== "bars" && svg`<path class="plot-line" d="${line(points)}"/>`}
          ${at !== null && shape !== "bars" && points[at] && svg`<circle class="plot-dot" r="4.5" cx="${points[at].x}" cy="${points[at].y}"/>`}
        </g>`
      })}
      ${at !== null && svg`<line class="plot-cursor" x1="${x(xs[at] ?? 0)}" x2="${x(xs[at] ?? 0)}" y1="${TOP}" y2="${bottom}"/>`}`
  }

  /** What is at the place pointed at; at the last one, if none is. */
  #readout() {
    const index = this.#at ?? this.#data.xs.length - 1
    const { series, showY = plain.format } = this.#data
    return html`${shownX(this.#data, index)}: ${series.map(
      ({ name, values }, number) => html`<span class="plot-value series-${number % 4}">${series.length > 1 && `${name} `}<b>${shown(values[index], showY)}</b></span>`,
    )}`
  }

  /** @param {PointerEvent} event */
  #point(event) {
    const { xs } = this.#data
    const { x } = this.#scales()
    const here = event.clientX - /** @type {Element} */ (event.currentTarget).getBoundingClientRect().left
    this.#byKeys = false
    this.#go(nearest(xs.map(x), here))
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const last = this.#data.xs.length - 1
    const now = this.#at ?? last
    const step = event.shiftKey ? FAR : 1
    const keys = /** @type {Record<string, number>} */ ({ ArrowLeft: now - step, ArrowRight: now + step, PageUp: now + FAR, PageDown: now - FAR, Home: 0, End: last })
    const next = keys[event.key]
    if (next === undefined || event.altKey || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    this.#byKeys = true
    this.#go(Math.min(last, Math.max(0, next)))
  }

  /** @param {number | null} index */
  #go(index) {
    if (index === this.#at) return
    this.#at = index
    this.update()
  }
}

/** @typedef {{ x: number, y: number } | null} Point */

/** @param {Data} data */
const isEmpty = ({ xs, series }) => xs.length === 0 || series.every(({ values }) => values.every((value) => value === null))

/** @param {number} pixels */
const short = (pixels) => Math.round(pixels * 10) / 10

/**
 * The points between gaps.
 *
 * @param {readonly Point[]} points
 */
function runs(points) {
  /** @type {{ x: number, y: number }[][]} */
  const found = [[]]
  for (const point of points) {
    if (point === null) found.push([])
    else found.at(-1)?.push(point)
  }
  return found.filter((run) => run.length > 0)
}

/** @param {readonly Point[]} points */
const line = (points) =>
  // a point alone becomes a dot: a line of no length with round ends
  runs(points)
    .map((run) => `M${run.map(({ x, y }) => `${short(x)} ${short(y)}`).join("L")}${run.length === 1 ? "h0" : ""}`)
    .join("")

/**
 * @param {readonly Point[]} points
 * @param {number} zero
 */
const area = (points, zero) =>
  runs(points)
    .map((run) => `M${short(run[0]?.x ?? 0)} ${short(zero)}L${run.map(({ x, y }) => `${short(x)} ${short(y)}`).join("L")}V${short(zero)}Z`)
    .join("")

/**
 * @param {readonly Point[]} points
 * @param {number} zero
 * @param {number} width of all bars at a place
 * @param {number} place of this series among them
 * @param {number} count
 */
function bars(points, zero, width, place, count) {
  const one = Math.max(1, width / count)
  return points
    .map((point) => point && `M${short(point.x - width / 2 + place * one)} ${short(zero)}V${short(point.y)}h${short(Math.max(1, one - (count > 1 ? 1 : 0)))}V${short(zero)}Z`)
    .filter((path) => path !== null)
    .join("")
}

/**
 * Pixels between the two places that are closest to each other.
 *
 * @param {readonly number[]} xs
 * @param {(value: number) => number} x
 * @param {number} width
 */
function closest(xs, x, width) {
  let least = width / Math.max(1, xs.length)
  for (let index = 1; index < xs.length; index++) least = Math.min(least, x(xs[index] ?? 0) - x(xs[index - 1] ?? 0))
  return Math.max(1, least)
}

/**
 * @param {number | null | undefined} value
 * @param {(value: number) => string} show
 */
const shown = (value, show) => (value === null || value === undefined ? "none" : show(value))

/**
 * @param {Data} data
 * @param {number} index
 */
function shownX({ xs, axis, showX }, index) {
  const x = xs[index] ?? 0
  return showX ? showX(x) : axis === "time" ? instant(new Date(x)) : plain.format(x)
}

/** @param {Data} data */
function summary(data) {
  const show = data.showY ?? plain.format
  return data.series
    .map(({ name, values }) => {
      const known = values.filter((value) => value !== null)
      if (known.length === 0) return `${name}: no values`
      const [low, high] = [known.reduce((a, b) => Math.min(a, b)), known.reduce((a, b) => Math.max(a, b))]
      return `${name} from ${show(known[0] ?? 0)} to ${show(known.at(-1) ?? 0)}, lowest ${show(low)}, highest ${show(high)}`
    })
    .join("; ")
}

/** @param {Data} data */
function table(data) {
  const { xs, series, label, unit, axis, showY = plain.format } = data
  const rows = xs.length <= ROWS ? xs.map((_x, index) => index) : Array.from({ length: ROWS }, (_none, row) => Math.round((row * (xs.length - 1)) / (ROWS - 1)))
  return html`<table>
    <caption>${label}${xs.length > ROWS && `, ${ROWS} of ${xs.length} places`}</caption>
    <thead><tr><th scope="col">${unit ?? (axis === "time" ? "Time" : "Place")}</th>${series.map(({ name }) => html`<th scope="col">${name}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr><th scope="row">${shownX(data, row)}</th>${series.map(({ values }) => html`<td>${shown(values[row], showY)}</td>`)}</tr>`)}</tbody>
  </table>`
}

customElements.define("arena-plot", Plot)
