// A process of `mutations.ts`: runs the rules of a job one by one, and tells what comes of each.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Harness, runContract, type Timing } from "../../dist/index.js";
import { brokenBetweenProcesses } from "./broken-processes.js";
import { brokenTransports } from "./broken-transports.js";
import { decorated } from "./decorate.js";
import type { Job, Told } from "./mutations-workers.js";

// Short at first; what fails then is run again with more time, so that a slow machine does not fail what is right.
const SHORT: Timing = { signalMs: 500, noSignalMs: 20, leaseMs: 60 };
const LONGER: Timing = { signalMs: 2_000, noSignalMs: 40, leaseMs: 100 };
const BETWEEN_PROCESSES: Timing = { signalMs: 3_000, noSignalMs: 60, leaseMs: 120 };

// Of a broken transport, which nobody waits for any more.
process.on("unhandledRejection", () => {});
process.on("uncaughtException", () => {});

// It starts a process too.
const longer = (rule: string) => (rule === "LIFE-21" ? BETWEEN_PROCESSES : LONGER);

const historiesIn = mkdtempSync(join(tmpdir(), "sluice-mutations-"));
process.on("exit", () => rmSync(historiesIn, { recursive: true, force: true }));
const tell = (told: Told) => process.send?.(told);

function harnessOf({ kind, index }: Job): Harness {
  if (kind === "processes") return brokenBetweenProcesses[index]?.harness() as Harness;
  const decorate = brokenTransports[index]?.decorate ?? (() => ({}));
  return { createTransport: () => decorated(decorate), capabilities: decorated(decorate).capabilities };
}

async function isBroken(rule: string, job: Job, timing: Timing, effort: number): Promise<boolean> {
  // A fresh harness for each, as decorations may share what they do wrong.
  const [verdict] = await runContract(harnessOf(job), { only: [rule], timing, effort, historiesIn });
  return verdict?.outcome === "failed";
}

process.on("message", async (job: Job) => {
  const own = brokenTransports[job.index]?.rule;
  const named = brokenBetweenProcesses[job.index]?.rules ?? [];
  for (const rule of job.rules) {
    tell({ began: rule });
    let broken: boolean;
    if (job.kind === "processes")
      broken = await isBroken(rule, job, BETWEEN_PROCESSES, named.includes(rule) ? 1 : 0.3);
    else if (rule === own) broken = await isBroken(rule, job, longer(rule), rule === "STRESS-4" ? 1 : 0.3);
    else broken = (await isBroken(rule, job, SHORT, 0.15)) && (await isBroken(rule, job, longer(rule), 0.3));
    tell({ ended: rule, isBroken: broken });
  }
});
