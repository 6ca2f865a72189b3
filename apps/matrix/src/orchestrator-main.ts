/**
 * An orchestrator as a program: runs the scenario that whoever started it sends, hands its signals to the run, and ends with the run's exit
 * code. It prints what happens, as a program does, and tells whoever started it.
 */

import { once } from "node:events";
import { type EndSignal, isBufferError, isWrongUse, type RunEvent, type RunReport, run } from "@sluice/core";
import { transportNamed } from "./matrix-transports.js";
import { peakMemoryKiB } from "./processes.js";
import type { Scenario } from "./scenario.js";

/** What it tells. What workers printed is summed up. */
export type OrchestratorNews =
  | { readonly kind: "event"; readonly event: RunEvent }
  | { readonly kind: "report"; readonly report: RunReport }
  | { readonly kind: "refused"; readonly code: string; readonly message: string }
  | { readonly kind: "printed"; readonly worker: string; readonly bytes: number }
  | { readonly kind: "memory"; readonly beforeKiB: number; readonly afterKiB: number };

// Whoever reads our output may leave early: the run goes on.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

const tell = (news: OrchestratorNews) => void process.send?.(news);

const [scenario] = await once(process, "message");
process.exitCode = await main(scenario as Scenario);

async function main(scenario: Scenario): Promise<number> {
  const { transport, folder, ...plan } = scenario;
  const running = run({ ...plan, transport: await transportNamed(transport).make(folder) });
  const printed = new Map<string, number>();
  let beforeKiB = 0;
  running.on("*", (event) => {
    if (event.kind === "started") beforeKiB = peakMemoryKiB(process.pid);
    if (event.kind === "output") {
      printed.set(event.worker, (printed.get(event.worker) ?? 0) + event.text.length);
      return;
    }
    process.stdout.write(`${event.kind}\n`);
    tell({ kind: "event", event });
  });
  const stop = (signal: NodeJS.Signals) => running.stop(signal as EndSignal);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
  try {
    const report = await running.report;
    tell({ kind: "memory", beforeKiB, afterKiB: peakMemoryKiB(process.pid) });
    for (const [worker, bytes] of printed) tell({ kind: "printed", worker, bytes });
    tell({ kind: "report", report });
    return report.exitCode;
  } catch (error) {
    if (!isBufferError(error) && !isWrongUse(error)) throw error;
    tell({ kind: "refused", code: String(Reflect.get(error, "code")), message: (error as Error).message });
    return isWrongUse(error) ? 2 : 6;
  }
}
