/** Draws a run's view as lines of text, none wider than the terminal, and no more than it has. */

import { capital, type Paint, plannedFor } from "../story.js";
import { Line } from "./line.js";
import type { RunView, WorkerState, WorkerView } from "./run-view.js";

export interface FrameSettings {
  readonly columns: number;
  readonly rows: number;
  /** How many items each producer is to make; empty where nobody knows. */
  readonly planned: readonly number[];
  readonly paint: Paint;
  /** The terminal shows more than ASCII. */
  readonly isUnicode: boolean;
}

interface Marks {
  readonly ready: string;
  readonly leased: string;
  readonly parked: string;
  readonly free: string;
}

const UNICODE: Marks = { ready: "■", leased: "▣", parked: "▨", free: "□" };
const ASCII: Marks = { ready: "#", leased: "@", parked: "!", free: "." };
const BAR_WIDTH_MAX = 30;
const LABEL_WIDTH = 8;
const STATE_WIDTH = 26;
// The cursor stands below the last line.
const ROWS_BELOW = 1;

export function frame(view: RunView, settings: FrameSettings): Line[] {
  const { columns, rows, paint } = settings;
  // Not the last column: there some terminals go on in the next line.
  const line = () => new Line(columns - 1, paint);
  const head = [slots(view, settings, line()), progress(view, settings, line()), times(view, line())];
  const workers = [...view.workers.values()];
  const room = Math.max(0, rows - ROWS_BELOW - head.length);
  const nameWidth = Math.max(...workers.map(({ name }) => name.length));
  const lineOf = (worker: WorkerView) => workerLine(worker, nameWidth, settings, line());
  if (workers.length <= room) return [...head, ...workers.map(lineOf)];
  const shown = Math.max(0, room - 1);
  const lines = workers.slice(0, shown).map(lineOf);
  return [...head, ...lines, others(workers.slice(shown), line())].slice(0, Math.max(0, rows - ROWS_BELOW));
}

/** The buffer: a mark for each of its places, or a bar where those would not fit. */
function slots(view: RunView, { columns, isUnicode }: FrameSettings, line: Line): Line {
  const { capacity, counts } = view;
  const marks = isUnicode ? UNICODE : ASCII;
  const { ready = 0, leased = 0, parked = 0, peak = 0 } = counts ?? {};
  const used = Math.min(capacity, ready + leased + parked);
  const text = `  ${used} of ${capacity}`;
  const room = columns - 1 - LABEL_WIDTH - text.length;
  const width = capacity <= room ? capacity : Math.max(0, Math.min(BAR_WIDTH_MAX, room));
  let left = width;
  line.add("Buffer".padEnd(LABEL_WIDTH), "bold");
  const parts = [
    [ready, marks.ready, "green"],
    [leased, marks.leased, "magenta"],
    [parked, marks.parked, "red"],
  ] as const;
  for (const [items, mark, style] of parts) {
    // One of many is not nothing.
    const cells = items === 0 ? 0 : Math.min(left, Math.max(1, Math.round((items * width) / capacity)));
    line.add(mark.repeat(cells), style);
    left -= cells;
  }
  return line
    .add(marks.free.repeat(left), "dim")
    .add(`${text}${view.isSealed ? ", sealed" : ""}, peak ${peak}`);
}

function progress(view: RunView, settings: FrameSettings, line: Line): Line {
  const { planned, isUnicode, columns } = settings;
  const { consumed = 0, dead = 0, parked = 0, discarded = 0, produced = 0 } = view.counts ?? {};
  const total = planned.reduce((sum, n) => sum + n, 0);
  const failed = [
    [dead, "dead"],
    [parked, "parked"],
    [discarded, "discarded"],
  ].map(([count, what]) => (count === 0 ? "" : `, ${count} ${what}`));
  line.add("Items".padEnd(LABEL_WIDTH), "bold");
  // A buffer that is only drained has fewer than were planned.
  if (planned.length === 0 || total === 0)
    return line.add(`${produced} produced, ${consumed} consumed${failed.join("")}`);
  const text = `  ${consumed} of ${total} consumed${failed.join("")}`;
  const width = Math.max(0, Math.min(BAR_WIDTH_MAX, columns - 1 - LABEL_WIDTH - text.length));
  const full = Math.min(width, Math.floor(((consumed + dead) / total) * width));
  const [done, open] = isUnicode ? ["█", "░"] : ["=", "-"];
  return line
    .add(done.repeat(full), "cyan")
    .add(open.repeat(width - full), "dim")
    .add(text);
}

function times(view: RunView, line: Line): Line {
  const { startedAt, at, counts, before } = view;
  const elapsedMs = startedAt === undefined ? 0 : Math.max(0, at - startedAt);
  const consumed = Math.max(0, (counts?.consumed ?? 0) - (before?.consumed ?? 0));
  const waited = (role: WorkerView["role"]) =>
    [...view.workers.values()].reduce((sum, each) => sum + (each.role === role ? each.waitedMs : 0), 0);
  const rate = elapsedMs === 0 ? 0 : consumed / (elapsedMs / 1000);
  line.add("Time".padEnd(LABEL_WIDTH), "bold");
  line.add(`${seconds(elapsedMs)}, ${rate < 100 ? rate.toFixed(1) : Math.round(rate)} items/s`);
  return line.add(
    `, waited ${seconds(waited("producer"))} because full, ${seconds(waited("consumer"))} because empty`,
    "dim",
  );
}

function workerLine(worker: WorkerView, nameWidth: number, { planned }: FrameSettings, line: Line): Line {
  const { name, role, done, state, restarts, waitedMs, failures } = worker;
  const of = plannedFor(name, planned);
  const words = [
    role === "producer" ? `${done}${of === undefined ? "" : ` of ${of}`} put` : `${done} consumed`,
  ];
  if (waitedMs > 0) words.push(`waited ${seconds(waitedMs)}`);
  if (failures > 0) words.push(`${failures} failed`);
  if (restarts > 0) words.push(`started again ${restarts === 1 ? "once" : `${restarts} times`}`);
  line.add(capital(name).padEnd(nameWidth + 2), role === "producer" ? "cyan" : "magenta");
  line.add(stateText(worker).padEnd(STATE_WIDTH), STYLES[state.kind]);
  return line.add(words.join(", "));
}

const STYLES: Record<WorkerState["kind"], "dim" | "green" | "yellow" | "red"> = {
  starting: "dim",
  ready: "dim",
  making: "green",
  handling: "green",
  waiting: "dim",
  restarting: "yellow",
  failed: "red",
  killed: "red",
  ended: "dim",
};

const ENDS = {
  done: "done",
  idle: "stopped: saw nothing",
  sealed: "stopped: sealed",
  stopped: "stopped",
} as const;

function stateText({ state, role, item }: WorkerView): string {
  switch (state.kind) {
    case "making":
      return "making an item";
    case "handling":
      return item === undefined ? "handling items" : `handling ${item}`;
    case "waiting":
      return role === "producer" ? "waiting: buffer is full" : "waiting: buffer is empty";
    case "restarting":
      return `starts again in ${state.inMs} ms`;
    case "ended":
      return ENDS[state.end];
    default:
      return state.kind;
  }
}

/** Workers for whom there is no line. */
function others(workers: readonly WorkerView[], line: Line): Line {
  const states = new Map<string, number>();
  for (const { state } of workers) states.set(state.kind, (states.get(state.kind) ?? 0) + 1);
  const parts = [...states].map(([state, count]) => `${count} ${state}`);
  return line.add(`and ${workers.length} more workers: ${parts.join(", ")}`, "dim");
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
