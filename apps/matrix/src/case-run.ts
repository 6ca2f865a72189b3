/** One case of the matrix: a run under a fault, seen from outside, told in the terms of its expectation. */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { openBuffer, type RunReport } from "@sluice/core";
import { accountFaults, reportFaults } from "./account.js";
import type { ExpectedReport, Fault } from "./expectation.js";
import type { MatrixTransport } from "./matrix-transports.js";
import { Ground, OrchestratorProcess } from "./orchestrator-process.js";

/** What was seen, in the terms of an expectation; and whatever else is not as it should be, a sentence each. */
export interface Observed {
  readonly exit: number | string | null;
  readonly report: ExpectedReport | undefined;
  readonly left: string;
  readonly next?: number | string | null;
  readonly faults: readonly string[];
  /** For a message. */
  readonly story: string;
}

export async function runCase(fault: Fault, transport: MatrixTransport): Promise<Observed> {
  const ground = new Ground(transport);
  const running: OrchestratorProcess[] = [];
  const start = (scenario: NonNullable<Fault["next"]>) => {
    const process = new OrchestratorProcess(scenario(ground, transport), ground);
    running.push(process);
    return process;
  };
  try {
    const first = start(fault.scenario);
    await fault.act?.(first, ground, transport);
    const { code, signal } = await first.ended;
    await first.nobodyLeft();
    const { report } = first;
    const faults = report === undefined ? [] : faultsOf(report, code, ground);
    if (first.stderr !== "") faults.push(`it printed to standard error: ${first.stderr}`);
    if (fault.inspect !== undefined) faults.push(...thrown(() => fault.inspect?.(first, transport)));
    const left = await leftIn(ground, transport);

    let next: Pick<Observed, "next"> = {};
    if (fault.next !== undefined) {
      const second = start(fault.next);
      next = { next: (await second.ended).code };
      await second.nobodyLeft();
      if (second.report !== undefined && !(second.report.drained && second.report.lost === 0))
        faults.push(`the next run left something. ${second.story()}`);
    }
    const leftAtLast = await leftIn(ground, transport);
    if (leftAtLast.startsWith("the buffer")) faults.push(...(await inspectKept(ground, transport, running)));
    else if (fault.next !== undefined && leftAtLast !== "nothing")
      faults.push(`after the next run there is still ${leftAtLast}`);
    const temporary = readdirSync(join(ground.records, "tmp"));
    if (temporary.length > 0) faults.push(`among the temporary files there are ${temporary.join(", ")}`);
    const story = running.map((each) => each.story()).join("\nThe next run: ");
    return { exit: signal ?? code, report: report && factsOf(report), left, ...next, faults, story };
  } finally {
    for (const each of running) each.sweep();
    ground.remove();
  }
}

function factsOf({ drained, dead, restarts, workers, lost }: RunReport): ExpectedReport {
  const failed = workers.filter(({ outcome }) => outcome === "failed").map(({ name }) => name);
  return { drained, dead, restarts, failed, lost: lost > 0 };
}

function faultsOf(report: RunReport, code: number | null, ground: Ground): string[] {
  const { produced, consumed, remaining, dead, lost, unknown, totals, peak } = report;
  // Of a buffer that could not be asked any more nobody knows how much is in it.
  const missing = peak === undefined ? produced - consumed : remaining + dead + lost + unknown;
  return [
    ...reportFaults(report, code),
    ...accountFaults(ground.done(), { produced, missing, redelivered: totals.redelivered }),
  ];
}

// What a broker that was killed cannot remove.
const DEAD_BROKERS = ["buffer", "buffer.lock", "journal.lock"];

/** In the words of `Left` where that is possible, else the names of it. */
async function leftIn(ground: Ground, { kept, hasBroker, isKept }: MatrixTransport): Promise<string> {
  const names = ground.left();
  const isDeadBrokers = (name: string) => hasBroker && DEAD_BROKERS.includes(name);
  const others = names.filter((name) => !isDeadBrokers(name));
  if (others.some((name) => name !== kept)) return names.join(", ");
  const left = [
    ...(others.length > 0 || (await isKept?.(ground.folder)) ? ["the buffer"] : []),
    ...(names.length > others.length ? ["a dead broker's socket"] : []),
  ];
  return left.join(", ") || "nothing";
}

/** What is left in the buffer is what the runs said; and when it is destroyed nothing is left. */
async function inspectKept(
  ground: Ground,
  transport: MatrixTransport,
  running: readonly OrchestratorProcess[],
): Promise<string[]> {
  const buffer = await openBuffer(await transport.make(ground.folder));
  const { ready, leased, produced, consumed, dead } = await buffer.counts();
  await buffer.destroy();
  const faults: string[] = [];
  const last = running.at(-1)?.report;
  if (last !== undefined && last.remaining !== ready + leased)
    faults.push(`the report says that ${last.remaining} remain, the buffer has ${ready + leased}`);
  if (produced !== consumed + ready + leased + dead)
    faults.push(`produced ${produced}, consumed ${consumed}, dead ${dead}, and ${ready + leased} are left`);
  if (running.length > 1) {
    // By all runs together.
    const redelivered = Number.POSITIVE_INFINITY;
    faults.push(...accountFaults(ground.done(), { produced, missing: dead, redelivered }));
  }
  const left = ground.left();
  if (left.length > 0) faults.push(`after it was destroyed there is still ${left.join(", ")}`);
  return faults;
}

function thrown(look: () => void): string[] {
  try {
    look();
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}
