/** Tells a run to people: one line for each thing that happens, in the order in which it happened. */

import { lastLine, type RunEvent, type RunReport, reportText } from "@sluice/core";
import type { FoundBuffer } from "./found-buffer.js";

export type Paint = (
  style: "bold" | "cyan" | "dim" | "green" | "magenta" | "red" | "yellow",
  text: string,
) => string;

/** What there is to say of the buffer beyond its events. */
export interface BufferNotes {
  /** Of the transport, beside its name. */
  readonly medium?: string | undefined;
  /** What is in it from a run before. */
  readonly found?: FoundBuffer | undefined;
  /** Where it is, as a sentence; undefined where it ends with the demo. */
  readonly place?: string | undefined;
}

/** Tells one run: a line for each event, undefined for what is not worth one. */
export class Story {
  readonly #items: readonly number[];
  readonly #paint: Paint;
  readonly #notes: BufferNotes;
  /** How far each producer had come when its present life began. */
  readonly #before = new Map<string, number>();
  readonly #restarts = new Map<string, number>();

  /**
   * @param items - how many each producer is to make; empty where nobody knows.
   */
  constructor(items: readonly number[], paint: Paint, notes: BufferNotes = {}) {
    this.#items = items;
    this.#paint = paint;
    this.#notes = notes;
  }

  line(event: RunEvent): string | undefined {
    const paint = this.#paint;
    switch (event.kind) {
      case "opened": {
        const { medium, found, place } = this.#notes;
        const what = event.created ? "Buffer created" : "Buffer opened again,";
        const how = medium === undefined ? event.transport : `${event.transport}, ${medium}`;
        const lines = [paint("bold", `${what} with max size ${event.capacity} (${how})`)];
        if (found !== undefined) lines.push(foundText(found));
        if (place !== undefined) lines.push(paint("dim", place));
        return lines.join("\n");
      }
      case "spawned": {
        const where = event.pid === 0 ? "in this process" : `process ${event.pid}`;
        if (this.#restarts.has(event.worker)) return `${this.#who(event)} is back (${where})`;
        return `${this.#who(event)} started (${where})${this.#promise(event)}`;
      }
      case "ready":
        this.#before.set(event.worker, event.lastSequence);
        return undefined;
      case "restarted":
        this.#restarts.set(event.worker, event.restarts);
        return undefined;
      case "started":
        return paint("dim", `All ${event.producers + event.consumers} workers are ready`);
      case "produced":
        return `${this.#who(event)} put ${what(event)}${this.#progress(event)}`;
      case "taken":
        return `${this.#who(event)} took ${what(event)}`;
      case "consumed":
        return `${this.#who(event)} consumed ${what(event)}`;
      case "waiting":
        if (event.because === "empty") return undefined;
        return `${this.#who(event)} ${paint("yellow", "met the full buffer and waits")}`;
      case "resumed":
        if (event.because === "empty") return undefined;
        return `${this.#who(event)} goes on after waiting ${Math.round(event.waitedMs)} ms`;
      case "nacked":
        return `${this.#who(event)} could not consume an item: ${paint("red", event.reason)}`;
      case "ended":
        return `${this.#who(event)} ${ENDS[event.end]}`;
      case "failed":
        return `${this.#who(event)} ${crash(event, paint)}`;
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

  #who({ worker }: { readonly worker: string }): string {
    return this.#paint(worker.startsWith("producer") ? "cyan" : "magenta", capital(worker));
  }

  #promise({ worker }: { readonly worker: string }): string {
    const planned = plannedFor(worker, this.#items);
    return planned === undefined ? "" : `, producing ${planned} ${planned === 1 ? "item" : "items"}`;
  }

  #progress({ worker, total }: { readonly worker: string; readonly total: number }): string {
    const planned = plannedFor(worker, this.#items);
    return planned === undefined ? "" : ` (${(this.#before.get(worker) ?? 0) + total} of ${planned})`;
  }
}

function foundText({ remaining, sealed }: FoundBuffer): string {
  if (sealed && remaining === 0)
    return "It is sealed, and nothing in it is left to consume: there is nothing to do";
  const items = remaining === 1 ? "1 item" : `${remaining} items`;
  return `${items} ${remaining === 1 ? "is" : "are"} in it${sealed ? "; it is sealed, and only drained" : ""}`;
}

export function seedLine(seed: number, paint: Paint): string {
  return paint("dim", `Seed ${seed}: --seed ${seed} makes the same pace again`);
}

/** The final stats, `lastLine` last. @param afterwards - what became of the buffer. */
export function finalStats(report: RunReport, afterwards: string | undefined, paint: Paint): string {
  const last = lastLine(report);
  const { kept: _, ...told } = report; // that is said in other words
  const body = reportText(told)
    .slice(0, -last.length)
    .replace(/^(producer|consumer)-/gm, capital);
  const kept = afterwards === undefined ? "" : `${afterwards}\n`;
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

/** What became of a worker that crashed. */
function crash({ error, restartInMs }: RunEvent<"failed">, paint: Paint): string {
  const isKilled = /^ended by SIGKILL/.test(error.message);
  const end = isKilled && restartInMs !== undefined ? "was killed" : `failed: ${error.message}`;
  const again = restartInMs === undefined ? "" : `; starts again in ${restartInMs} ms`;
  return paint(restartInMs === undefined ? "red" : "yellow", `${end}${again}`);
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function what({ count, values }: { readonly count: number; readonly values?: readonly unknown[] }): string {
  return values !== undefined && count <= 3 ? values.join(", ") : `${count} items`;
}

/** How many items this producer is to make; undefined for a consumer, and where an input decides. */
export function plannedFor(worker: string, items: readonly number[]): number | undefined {
  const [role, number] = worker.split("-");
  return role === "producer" ? items[Number(number) - 1] : undefined;
}
