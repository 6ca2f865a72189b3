/** A history as a picture: the buffer's occupancy under its capacity line, and below it what each process did. SVG, without scripts. */

import { escaped } from "./escaped.js";
import type { KeptHistory, Mark } from "./kept-history.js";
import { type Lane, lanesOf } from "./lanes.js";
import { largestIn, occupancyOf } from "./occupancy.js";

const WIDTH = 960;
const LEFT = 120;
const RIGHT = 16;
const TOP = 26;
const CHART = 150;
const LANE = 16;
const BAR = 9;
const PLOT = WIDTH - LEFT - RIGHT;
const AXIS = 30;
/** More processes than these are counted, not drawn. */
const LANES_MAX = 48;
const NS_A_MS = 1e6;

export function historyPicture({ title, capacity, operations, marks }: KeptHistory): string {
  const until = lastInstant(operations, marks);
  const x = (at: number) => LEFT + (Math.min(at, until) / until) * PLOT;
  const all = lanesOf({ operations, marks }, until, until / PLOT);
  const lanes = all.slice(0, LANES_MAX);
  const { least, most } = occupancyOf(operations);
  const certain = largestIn(least, until, PLOT);
  const possible = largestIn(most, until, PLOT);
  const top = Math.max(capacity, ...certain) + 1;
  const y = (count: number) => TOP + CHART - (Math.min(count, top) / top) * CHART;
  const lanesTop = TOP + CHART + AXIS;
  const hidden = all.length - lanes.length;
  const height = lanesTop + lanes.length * LANE + (hidden > 0 ? LANE : 0) + 8;
  const parts = [
    `<text class="title" x="${LEFT}" y="14">${escaped(title)}</text>`,
    area(possible, y, "possible", "items that may have been inside"),
    area(certain, y, "certain", "items that certainly were inside"),
    over(certain, capacity, y),
    `<line class="capacity" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(capacity)}" y2="${y(capacity)}"/>`,
    `<text class="label" x="${LEFT - 8}" y="${y(capacity) + 4}" text-anchor="end">capacity ${capacity}</text>`,
    `<text class="label" x="${LEFT - 8}" y="${y(0) + 4}" text-anchor="end">0</text>`,
    ...timeAxis(until, x),
    ...lanes.map((lane, n) => laneOf(lane, lanesTop + n * LANE, x)),
    ...marks.map((mark) => markOf(mark, lanes, lanesTop, x)),
  ];
  if (hidden > 0)
    parts.push(`<text class="label" x="${LEFT}" y="${height - 10}">and ${hidden} more processes</text>`);
  const label = `${title}: occupancy over time, and the calls of ${all.length} processes`;
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(label)}">${parts.join("\n")}</svg>`;
}

function lastInstant(operations: KeptHistory["operations"], marks: readonly Mark[]): number {
  let last = 1;
  for (const { invokedAt, returnedAt } of operations)
    last = Math.max(last, Number.isFinite(returnedAt) ? returnedAt : invokedAt);
  for (const { at } of marks) last = Math.max(last, at);
  return last;
}

function area(counts: readonly number[], y: (count: number) => number, tone: string, what: string): string {
  const base = y(0).toFixed(1);
  const steps = counts.map((count, i) => `V${y(count).toFixed(1)}H${LEFT + i + 1}`).join("");
  return `<path class="${tone}" d="M${LEFT},${base}${steps}V${base}Z"><title>${what}</title></path>`;
}

/** Where there were more than there may be. */
function over(counts: readonly number[], capacity: number, y: (count: number) => number): string {
  return counts
    .flatMap((count, i) =>
      count > capacity
        ? [
            `<rect class="over" x="${LEFT + i}" y="${y(count)}" width="1" height="${y(capacity) - y(count)}"><title>${count} items</title></rect>`,
          ]
        : [],
    )
    .join("");
}

function timeAxis(until: number, x: (at: number) => number): string[] {
  const step = roundStep(until / NS_A_MS / 6);
  const parts: string[] = [];
  for (let ms = 0; ms * NS_A_MS <= until; ms += step) {
    const at = x(ms * NS_A_MS).toFixed(1);
    const text = `${Number(ms.toPrecision(6))} ms`;
    parts.push(`<line class="tick" x1="${at}" x2="${at}" y1="${TOP + CHART}" y2="${TOP + CHART + 4}"/>`);
    parts.push(`<text class="label" x="${at}" y="${TOP + CHART + 17}" text-anchor="middle">${text}</text>`);
  }
  return parts;
}

/** 1, 2 or 5 times a power of ten. */
function roundStep(raw: number): number {
  const power = 10 ** Math.floor(Math.log10(raw));
  return power * ([1, 2, 5].find((factor) => factor * power >= raw) ?? 10);
}

function laneOf({ process, bars }: Lane, top: number, x: (at: number) => number): string {
  const drawn = bars.map(({ from, to, tone, calls }) => {
    const ms = `${((to - from) / NS_A_MS).toFixed(3)} ms`;
    const what = calls === 1 ? `${tone}, ${ms}` : `${calls} calls, ${ms}`;
    const width = Math.max(1, x(to) - x(from)).toFixed(1);
    return `<rect class="${tone}" x="${x(from).toFixed(1)}" y="${top + 3}" width="${width}" height="${BAR}"><title>${what}</title></rect>`;
  });
  const name = `<text class="label" x="${LEFT - 8}" y="${top + 11}" text-anchor="end">${escaped(short(process))}</text>`;
  return name + drawn.join("");
}

function short(process: string): string {
  return process.length > 18 ? `${process.slice(0, 17)}…` : process;
}

function markOf(
  { at, process, what }: Mark,
  lanes: readonly Lane[],
  top: number,
  x: (at: number) => number,
): string {
  const n = lanes.findIndex((lane) => lane.process === process);
  const told = `<title>${escaped(`${what} ${process}`)}</title>`;
  const here = x(at).toFixed(1);
  const line = `<line class="mark" x1="${here}" x2="${here}" y1="${TOP}" y2="${TOP + CHART}"/>`;
  if (n === -1) return `<g>${told}${line}</g>`;
  const sign = what === "SIGSTOP" ? "❚❚" : what === "SIGCONT" ? "▶" : "✕";
  return `<g>${told}${line}<text class="sign" x="${here}" y="${top + n * LANE + 12}" text-anchor="middle">${sign}</text></g>`;
}
