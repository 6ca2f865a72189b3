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
const PROGRESS_EVERY_MS = 500;
// A story with more items than this is no story.
const STORY_ITEMS_MAX = 500;

export function isStory({ input, items, json }: DemoOptions): boolean {
  return !json && input === undefined && items.reduce((sum, n) => sum + n, 0) <= STORY_ITEMS_MAX;
}

export function tell(run: Run, options: DemoOptions, say: Say, paint: Paint): Teller {
  if (options.json) return tellJson(run, options, say);
  const { seed } = options;
  run.on("opened", () => say(paint("dim", `Seed ${seed}: --seed ${seed} makes the same pace again`)));
  const planned = options.input === undefined ? options.items : [];
  const line = (event: RunEvent) => {
    const text = storyLine(event, planned, paint);
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

/** Holds events back for a moment, and passes them on in the order of their time. Returns what passes on the rest. */
function inOrder(run: Run, pass: (event: RunEvent) => void): () => void {
  let held: RunEvent[] = [];
  let timer: NodeJS.Timeout | undefined;
  const passOn = (before: number) => {
    held.sort((a, b) => a.at - b.at);
    const later = held.findIndex((event) => event.at > before);
    const due = later < 0 ? held : held.slice(0, later);
    held = later < 0 ? [] : held.slice(later);
    for (const event of due) pass(event);
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
    passOn(Number.POSITIVE_INFINITY);
  };
}

const ITEM_EVENTS: ReadonlySet<string> = new Set(["produced", "taken", "consumed", "waiting", "resumed"]);

function tellProgress(run: Run, pass: (event: RunEvent) => void, say: Say): () => void {
  let produced = 0;
  let consumed = 0;
  let toldAt = performance.now();
  run.on("*", (event) => {
    if (!ITEM_EVENTS.has(event.kind)) return pass(event);
    if (event.kind === "produced") produced += event.count;
    if (event.kind === "consumed") consumed += event.count;
    const now = performance.now();
    if (now - toldAt < PROGRESS_EVERY_MS) return;
    toldAt = now;
    say(`${produced} produced, ${consumed} consumed so far`);
  });
  return () => {};
}
