/** Four ways to tell a run: live on a terminal, the story, now and then a line of progress where it is long, and JSON. */

import type { WriteStream } from "node:tty";
import type { Run, RunEvent, RunReport } from "@sluice/core";
import type { DemoOptions } from "./args.js";
import { tellLive } from "./live/tell-live.js";
import { type Printer, printerTo } from "./printer.js";
import { type BufferNotes, finalStats, type Paint, Story, seedLine } from "./story.js";
import { inOrder } from "./told-order.js";

export interface Teller {
  /** Tells the end, and what became of the buffer where that is worth a word. */
  report(report: RunReport, afterwards: string | undefined): void;
  /** Nothing more is told; a terminal is as it was. */
  close(): void;
}

/** Where it is told. */
export interface Telling {
  readonly out: WriteStream;
  readonly paint: Paint;
  /** It shows what is drawn on it. */
  readonly isLive: boolean;
}

const PROGRESS_EVERY_MS = 500;
// A story with more items than this is no story.
const STORY_ITEMS_MAX = 500;

export function isStory({ input, items, json }: DemoOptions): boolean {
  return !json && input === undefined && items.reduce((sum, n) => sum + n, 0) <= STORY_ITEMS_MAX;
}

export function tell(run: Run, options: DemoOptions, telling: Telling, notes?: BufferNotes): Teller {
  const { out, paint, isLive } = telling;
  if (options.json) return tellJson(run, options, printerTo(out, skippedJson));
  const planned = options.input === undefined ? options.items : [];
  const story = new Story(planned, paint, notes);
  if (isLive && !options.plain) return tellLive(run, { options, planned, out, paint, story });
  const printer = printerTo(out, (lines) => `(${lines} lines are left out: nobody read them)`);
  run.on("opened", () => printer.line(seedLine(options.seed, paint)));
  const line = (event: RunEvent) => {
    const text = story.line(event);
    if (text !== undefined) printer.line(text);
  };
  const settle = isStory(options) ? inOrder(run, line) : tellProgress(run, line, printer);
  return {
    report(report, afterwards) {
      settle();
      printer.last(finalStats(report, afterwards, paint));
    },
    close() {},
  };
}

function skippedJson(events: number): string {
  return JSON.stringify({ kind: "skipped", at: performance.timeOrigin + performance.now(), events });
}

function tellJson(run: Run, options: DemoOptions, printer: Printer): Teller {
  run.on("opened", () => printer.line(JSON.stringify({ kind: "options", ...options })));
  run.on("*", (event) => printer.line(JSON.stringify(event)));
  return {
    report: (report) => printer.last(JSON.stringify({ kind: "report", ...report })),
    close() {},
  };
}

const ITEM_EVENTS: ReadonlySet<string> = new Set(["produced", "taken", "consumed", "waiting", "resumed"]);

function tellProgress(run: Run, pass: (event: RunEvent) => void, printer: Printer): () => void {
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
    printer.line(`${Math.max(produced, consumed)} produced, ${consumed} consumed so far`);
  });
  return () => {};
}
