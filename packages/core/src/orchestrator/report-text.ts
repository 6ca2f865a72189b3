/** A run's report for people. */

import type { RunReport, WorkerReport } from "./run-report.js";

/** `9 produced, 9 consumed, 0 remaining`, and what else is not 0. The last line of a run. */
export function lastLine(report: RunReport): string {
  const { produced, consumed, remaining } = report;
  const rare = (["dead", "parked", "discarded", "unknown", "lost"] as const)
    .filter((name) => report[name] !== 0)
    .map((name) => `, ${report[name]} ${name}`);
  return `${produced} produced, ${consumed} consumed, ${remaining} remaining${rare.join("")}`;
}

/** The whole report: a line for each worker, what went wrong, the peak, and `lastLine` at the end. No line break after it. */
export function reportText(report: RunReport): string {
  const width = Math.max(...report.workers.map(({ name }) => name.length));
  const lines = report.workers.map((worker) => `${worker.name.padEnd(width)}  ${workerLine(worker)}`);
  for (const problem of report.problems) lines.push(`problem: ${problem}`);
  if (report.endedBy !== undefined) lines.push(`ended early: ${report.endedBy}`);
  lines.push(
    `peak ${report.peak ?? "unknown"} of ${report.capacity}, ${(report.durationMs / 1000).toFixed(1)} s`,
  );
  lines.push(lastLine(report));
  return lines.join("\n");
}

function workerLine(worker: WorkerReport): string {
  const { role, produced, consumed, waits, waitedMs, outcome, error } = worker;
  const parts = [role === "producer" ? `produced ${produced}` : `consumed ${consumed}`];
  if (waits > 0) {
    const what = role === "producer" ? "full" : "empty";
    parts.push(`waited ${waits === 1 ? "once" : `${waits} times`} because ${what} (${seconds(waitedMs)})`);
  }
  if (worker.nacked > 0) parts.push(`${worker.nacked} nacked`);
  if (worker.redelivered > 0) parts.push(`${worker.redelivered} redelivered`);
  if (worker.leasesLost > 0) parts.push(`${worker.leasesLost} leases lost`);
  if (worker.unknown > 0) parts.push(`${worker.unknown} unknown`);
  if (outcome !== "done")
    parts.push(error === undefined ? outcome : `${outcome}: ${firstLine(error.message)}`);
  return parts.join(", ");
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}

function firstLine(text: string): string {
  const end = text.indexOf("\n");
  return end < 0 ? text : `${text.slice(0, end)} ...`;
}
