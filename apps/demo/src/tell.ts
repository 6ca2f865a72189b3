/** Three ways to tell a run: the story, now and then a line of progress where it is long, and JSON. */

import type { Run, RunEvent, RunReport } from "@sluice/core";
import type { DemoOptions } from "./args.js";
import { finalStats, type Paint, storyLine } from "./story.js";

export interface Teller {
  /** Tells the end, and where the buffer is if it was kept. */
  report(report: RunReport, keptAt: string | undefined): void;
}

type Say = (line: string) => void;

// Events of several processes arrive a little out of order. Nobody notices such a delay; an effect before its cause they do.
const SETTLE_MS = 40;
// How long a take may wait for the put of its item to be told.
const UNTOLD_MS = 1000;
const PROGRESS_EVERY_MS = 500;
// A story with more items than this is no story.
const STORY_ITEMS_MAX = 500;

export function isStory({ input, items, json }: DemoOptions): boolean {
  return !json && input === undefined && items.reduce((sum, n) => sum + n, 0) <= STORY_ITEMS_MAX;
}

/** @param note - of the medium, for people. */
export function tell(run: Run, options: DemoOptions, say: Say, paint: Paint, note?: string): Teller {
  if (options.json) return tellJson(run, options, say);
  const { seed } = options;
  run.on("opened", () => say(paint("dim", `Seed ${seed}: --seed ${seed} makes the same pace again`)));
  const planned = options.input === undefined ? options.items : [];
  const line = (event: RunEvent) => {
    const text = storyLine(event, planned, paint, note);
    if (text !== undefined) say(text);
  };
  const settle = isStory(options) ? inOrder(run, line) : tellProgress(run, line, say);
  return {
    report(report, keptAt) {
      settle();
      say(finalStats(report, keptAt, paint));
    },
  };
}

function tellJson(run: Run, options: DemoOptions, say: Say): Teller {
  run.on("opened", () => say(JSON.stringify({ kind: "options", ...options })));
  run.on("*", (event) => say(JSON.stringify(event)));
  return { report: (report) => say(JSON.stringify({ kind: "report", ...report })) };
}

/**
 * Holds events back for a moment, and passes them on in the order of their time, but each put before the take of its
 * item: a worker reports when its call has resolved, and a put may do so after its item has been taken. Returns what passes
 * on the rest.
 */
function inOrder(run: Run, pass: (event: RunEvent) => void): () => void {
  let held: RunEvent[] = [];
  let timer: NodeJS.Timeout | undefined;
  const put = new Set<unknown>();
  const passNext = () => {
    const event = held.shift() as RunEvent;
    if (event.kind === "produced") for (const value of event.values ?? []) put.add(value);
    pass(event);
  };
  const passOn = (before: number, isLast = false) => {
    held.sort((a, b) => a.at - b.at);
    for (let first = held[0]; first !== undefined && first.at <= before; first = held[0]) {
      const unput = itemsOf(first).find((value) => !put.has(value));
      const cause = unput === undefined ? -1 : held.findIndex((event) => putsItem(event, unput));
      if (cause > 0) held = causeFirst(held, cause, unput);
      // Its producer has not told yet. A producer that was killed never will.
      else if (unput !== undefined && !isLast && first.at > before - UNTOLD_MS) return;
      else passNext();
    }
  };
  const tick = () => {
    passOn(performance.timeOrigin + performance.now() - SETTLE_MS);
    timer = held.length === 0 ? undefined : setTimeout(tick, SETTLE_MS);
  };
  run.on("*", (event) => {
    held.push(event);
    timer ??= setTimeout(tick, SETTLE_MS);
  });
  return () => {
    clearTimeout(timer);
    passOn(Number.POSITIVE_INFINITY, true);
  };
}

/** The items that a consumer tells of. */
function itemsOf(event: RunEvent): readonly unknown[] {
  return event.kind === "taken" || event.kind === "consumed" ? (event.values ?? []) : [];
}

function putsItem(event: RunEvent, value: unknown): boolean {
  return event.kind === "produced" && (event.values?.includes(value) ?? false);
}

/**
 * Brings forward what a producer tells up to the put of this item, in its own order. Of several items that were told together, the
 * later ones may have waited for room that only the take of the first has made: those, and the waits, stay where they are.
 */
function causeFirst(held: readonly RunEvent[], cause: number, item: unknown): RunEvent[] {
  const event = held[cause] as RunEvent<"produced">;
  const { values = [], count, total } = event;
  const upTo = values.indexOf(item) + 1;
  const later = values.length - upTo;
  const isSplit = later > 0 && values.length === count;
  const isCause = (one: RunEvent, index: number) =>
    index < cause && "worker" in one && one.worker === event.worker && (!isSplit || one.kind === "produced");
  const first = isSplit
    ? { ...event, count: upTo, total: total - later, values: values.slice(0, upTo) }
    : event;
  const rest = held.flatMap((one, index) => {
    if (isCause(one, index) || (index === cause && !isSplit)) return [];
    return index === cause ? [{ ...event, count: later, values: values.slice(upTo) }] : [one];
  });
  return [...held.filter(isCause), first, ...rest];
}

const ITEM_EVENTS: ReadonlySet<string> = new Set(["produced", "taken", "consumed", "waiting", "resumed"]);

function tellProgress(run: Run, pass: (event: RunEvent) => void, say: Say): () => void {
  let produced = 0;
  let consumed = 0;
  let toldAt: number | undefined;
  run.on("*", (event) => {
    if (!ITEM_EVENTS.has(event.kind)) return pass(event);
    if (event.kind === "produced") produced += event.count;
    else if (event.kind === "consumed") consumed += event.count;
    else return;
    const now = performance.now();
    toldAt ??= now;
    if (now - toldAt < PROGRESS_EVERY_MS) return;
    toldAt = now;
    // What is consumed is produced as well, whichever of the two workers told first.
    say(`${Math.max(produced, consumed)} produced, ${consumed} consumed so far`);
  });
  return () => {};
}
