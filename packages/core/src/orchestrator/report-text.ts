/** A run's report for people. */

import type { BufferAddress } from "../transport.js";
import type { FoundInBuffer, RunReport, TimeInBuffer, WorkerReport } from "./run-report.js";

// A report is to be read: its object has more of them.
const DEAD_LETTERS_SHOWN = 10;

/** `9 produced, 9 consumed, 0 remaining`, and what else is not 0. The last line of a run. */
export function lastLine(report: RunReport): string {
  const { produced, consumed, remaining } = report;
  const rare = (["dead", "parked", "discarded", "unknown", "lost"] as const)
    .filter((name) => report[name] !== 0)
    .map((name) => `, ${report[name]} ${name}`);
  return `${produced} produced, ${consumed} consumed, ${remaining} remaining${rare.join("")}`;
}

/**
 * The whole report: a line for each worker, what went wrong, where the buffer is if it is kept, the peak, and `lastLine` at the end. No line
 * break after it.
 */
export function reportText(report: RunReport): string {
  const width = Math.max(...report.workers.map(({ name }) => name.length));
  const lines = report.workers.map((worker) => `${worker.name.padEnd(width)}  ${workerLine(worker)}`);
  if (report.found !== undefined) lines.push(`taken up: ${foundText(report.found)}`);
  if (report.untold > 0) lines.push(`consumed, though no worker could tell of it: ${report.untold}`);
  for (const { sequence, reason, deliveries } of report.deadLetters.slice(0, DEAD_LETTERS_SHOWN)) {
    const times = deliveries === 1 ? "once" : `${deliveries} times`;
    lines.push(`dead letter: item ${sequence}, handed out ${times}: ${firstLine(reason)}`);
  }
  // Some may be of runs before, and more be there than are listed.
  const unshown = Math.max(report.dead, report.deadLetters.length) - DEAD_LETTERS_SHOWN;
  if (unshown > 0) lines.push(`and ${unshown} more dead letters`);
  for (const problem of report.problems) lines.push(`problem: ${problem}`);
  if (report.endedBy !== undefined) lines.push(`ended early: ${report.endedBy}`);
  if (report.kept !== undefined) lines.push(`the buffer is kept: ${addressText(report.kept)}`);
  const figures = [
    `peak ${report.peak ?? "unknown"} of ${report.capacity}`,
    seconds(report.durationMs),
    `${significant(report.perSecond)} items/s`,
    ...waitingText(report),
    ...timeInBuffer(report.timeInBufferMs),
  ];
  lines.push(figures.join(", "));
  lines.push(lastLine(report));
  return lines.join("\n");
}

function foundText({ remaining, sealed }: FoundInBuffer): string {
  const what = remaining === 0 ? "nothing was" : remaining === 1 ? "1 item was" : `${remaining} items were`;
  return `${what} left to consume in the buffer${sealed ? ", which is sealed: nothing more can be put" : ""}`;
}

// What a URL says to the server alone is not for a report.
const USER = /\/\/[^/@"]*@/g;
const SECRET = /([?&]\w*(?:token|password|secret)=)[^&"]*/gi;

function addressText({ transport, place }: BufferAddress): string {
  return `${transport} ${JSON.stringify(place).replaceAll(USER, "//***@").replaceAll(SECRET, "$1***")}`;
}

function waitingText({ waiting }: RunReport): string[] {
  const parts = (["full", "empty"] as const)
    .filter((because) => waiting[because].waits > 0)
    .map((because) => `${seconds(waiting[because].waitedMs)} because ${because}`);
  return parts.length === 0 ? [] : [`waited ${parts.join(" and ")}`];
}

function timeInBuffer(times: TimeInBuffer | undefined): string[] {
  if (times === undefined) return [];
  return [`time in the buffer: median ${milliseconds(times.p50)}, 99 % within ${milliseconds(times.p99)}`];
}

function workerLine(worker: WorkerReport): string {
  const { role, produced, consumed, waits, waitedMs, outcome, error } = worker;
  const parts = [role === "producer" ? `produced ${produced}` : `consumed ${consumed}`];
  if (waits > 0) {
    const what = role === "producer" ? "full" : "empty";
    parts.push(`waited ${waits === 1 ? "once" : `${waits} times`} because ${what} (${seconds(waitedMs)})`);
  }
  parts.push(...timeInBuffer(worker.timeInBufferMs));
  if (worker.restarts > 0)
    parts.push(`started again ${worker.restarts === 1 ? "once" : `${worker.restarts} times`}`);
  if (worker.nacked > 0) parts.push(`${worker.nacked} nacked`);
  if (worker.redelivered > 0) parts.push(`${worker.redelivered} redelivered`);
  if (worker.leasesLost > 0) parts.push(`${worker.leasesLost} leases lost`);
  if (worker.unknown > 0) parts.push(`${worker.unknown} unknown`);
  if (outcome !== "done")
    parts.push(outcome === "failed" ? `failed: ${firstLine(error?.message ?? "")}` : outcome);
  return parts.join(", ");
}

function milliseconds(ms: number): string {
  return ms < 1000 ? `${significant(ms)} ms` : seconds(ms);
}

/** Three digits of it, written out. */
function significant(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en") : Number(value.toPrecision(3)).toString();
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}

function firstLine(text: string): string {
  const end = text.indexOf("\n");
  return end < 0 ? text : `${text.slice(0, end)} ...`;
}
