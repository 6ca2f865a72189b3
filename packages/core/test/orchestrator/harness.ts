/** What the tests of runs share: transports, worker modules, and a run watched from beginning to end. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openBuffer, type Run, type RunEvent, type RunPlan, type RunReport, run } from "@sluice/core";
import { onTestFinished } from "vitest";
// By path: core cannot depend on its adapters and the checker, its tests can be built after them (see turbo.json).
import { randomFrom, seedFromEnvironment } from "../../../history-checker/dist/random.js";
import { unlessPaused } from "../../../test-support/dist/index.js";
import { fileTransport } from "../../../transport-file/dist/index.js";
import { memoryTransport } from "../../../transport-memory/dist/index.js";

export { fileTransport, memoryTransport, randomFrom, seedFromEnvironment, unlessPaused };

export function worker(name: string): URL {
  return new URL(`./workers/${name}.mjs`, import.meta.url);
}

/** A module that is not worth a file. */
export function inline(source: string): string {
  return `data:text/javascript,${encodeURIComponent(source)}`;
}

/** A path for a buffer, in a folder that is removed after the test. */
export function freshPath(): string {
  const folder = mkdtempSync(join(tmpdir(), "sluice-run-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "buffer");
}

/** Of a small buffer, as a plan asks for it. */
export const create = { capacity: 5, durability: "none" } as const;

export interface Watched {
  readonly run: Run;
  readonly events: RunEvent[];
  readonly report: Promise<RunReport>;
  /** Resolves at the first event that is meant, also if it has been. */
  until(isMeant: (event: RunEvent) => boolean): Promise<RunEvent>;
}

export function watch(plan: RunPlan): Watched {
  const running = run(plan);
  const events: RunEvent[] = [];
  running.on("*", (event) => events.push(event));
  return {
    run: running,
    events,
    report: running.report,
    until: (isMeant) =>
      new Promise((resolve) => {
        const seen = events.find(isMeant);
        if (seen !== undefined) resolve(seen);
        else running.on("*", (event) => isMeant(event) && resolve(event));
      }),
  };
}

/** The processes of all workers that were spawned, one that was started again included each time. */
export function pids(events: readonly RunEvent[]): number[] {
  return events.flatMap((event) => (event.kind === "spawned" ? [event.pid] : []));
}

/** What workers printed, in the order in which it came. */
export function printed(events: readonly RunEvent[]): string {
  return events.flatMap((event) => (event.kind === "output" ? [event.text] : [])).join("");
}

export async function destroyAt(path: string): Promise<void> {
  await (await openBuffer(fileTransport({ path }))).destroy();
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export async function until(isTrue: () => boolean, what: string, withinMs = 60_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(`Not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
