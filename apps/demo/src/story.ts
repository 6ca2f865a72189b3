/** Tells a run to people: one line for each thing that happens, in the order in which it happened. */

import { lastLine, type RunEvent, type RunReport, reportText } from "@sluice/core";

export type Paint = (
  style: "bold" | "cyan" | "dim" | "green" | "magenta" | "red" | "yellow",
  text: string,
) => string;

/**
 * A line for the event; undefined for what is not worth one.
 *
 * @param note - what there is to say of the transport, beside its name.
 */
export function storyLine(
  event: RunEvent,
  items: readonly number[],
  paint: Paint,
  note?: string,
): string | undefined {
  switch (event.kind) {
    case "opened": {
      const medium = note === undefined ? event.transport : `${event.transport}, ${note}`;
      return paint("bold", `Buffer created with max size ${event.capacity} (${medium})`);
    }
    case "spawned": {
      const where = event.pid === 0 ? "in this process" : `process ${event.pid}`;
      return `${who(event.worker, paint)} started (${where})${promise(event.worker, items)}`;
    }
    case "started":
      return paint("dim", `All ${event.producers + event.consumers} workers are ready`);
    case "produced":
      return `${who(event.worker, paint)} put ${what(event)}${progress(event, items)}`;
    case "taken":
      return `${who(event.worker, paint)} took ${what(event)}`;
    case "consumed":
      return `${who(event.worker, paint)} consumed ${what(event)}`;
    case "waiting":
      if (event.because === "empty") return undefined;
      return `${who(event.worker, paint)} ${paint("yellow", "met the full buffer and waits")}`;
    case "resumed":
      if (event.because === "empty") return undefined;
      return `${who(event.worker, paint)} goes on after waiting ${Math.round(event.waitedMs)} ms`;
    case "nacked":
      return `${who(event.worker, paint)} could not consume an item: ${paint("red", event.reason)}`;
    case "ended":
      return `${who(event.worker, paint)} ${ENDS[event.end]}`;
    case "failed":
      return `${who(event.worker, paint)} ${paint("red", `failed: ${event.error.message}`)}`;
    case "stopping":
      return paint("yellow", `${event.because}: ${LEVELS[event.level]}`);
    case "sealed":
      return paint("bold", `Buffer sealed after ${event.produced} items; the consumers drain it`);
    case "drained":
      return paint("bold", "Buffer drained");
    case "output":
      return event.text.replace(/\n$/, "").replace(/^/gm, `${paint("dim", `[${capital(event.worker)}]`)} `);
    default:
      return undefined;
  }
}

/** The final stats, `lastLine` last. */
export function finalStats(report: RunReport, keptAt: string | undefined, paint: Paint): string {
  const last = lastLine(report);
  const body = reportText(report)
    .slice(0, -last.length)
    .replace(/^(producer|consumer)-/gm, capital);
  const kept = keptAt === undefined ? "" : `The buffer is kept at ${keptAt}\n`;
  return `\n${paint("bold", "Final stats")}\n${body}${kept}${paint(report.exitCode >= 2 && report.exitCode <= 6 ? "red" : "green", last)}`;
}

const ENDS = {
  done: "is done",
  idle: "saw nothing for too long and stops",
  sealed: "met the sealed buffer and stops",
  stopped: "stopped",
} as const;

const LEVELS = {
  drain: "the producers stop, the consumers drain the buffer",
  release: "the consumers give back what they hold and stop",
  kill: "killing the workers",
} as const;

function who(worker: string, paint: Paint): string {
  return paint(worker.startsWith("producer") ? "cyan" : "magenta", capital(worker));
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function what({ count, values }: { readonly count: number; readonly values?: readonly unknown[] }): string {
  return values !== undefined && count <= 3 ? values.join(", ") : `${count} items`;
}

function promise(worker: string, items: readonly number[]): string {
  const planned = plannedFor(worker, items);
  return planned === undefined ? "" : `, producing ${planned} ${planned === 1 ? "item" : "items"}`;
}

function progress(
  { worker, total }: { readonly worker: string; readonly total: number },
  items: readonly number[],
): string {
  const planned = plannedFor(worker, items);
  return planned === undefined ? "" : ` (${total} of ${planned})`;
}

/** How many items this producer is to make; undefined for a consumer, and where an input decides. */
function plannedFor(worker: string, items: readonly number[]): number | undefined {
  const [role, number] = worker.split("-");
  return role === "producer" ? items[Number(number) - 1] : undefined;
}
