/** The table of faults as Markdown: what becomes of a run on each transport. */

import { type Expectation, expectationOf, type Fault } from "./expectation.js";
import { FAULTS } from "./faults.js";
import { type MatrixTransport, TRANSPORTS } from "./matrix-transports.js";

export function faultTable(): string {
  const header = ["the fault", ...TRANSPORTS.map(({ title }) => title)];
  const rows = FAULTS.map((fault) => [
    fault.title,
    ...TRANSPORTS.map((transport) => cellOf(fault, transport)),
  ]);
  return [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function cellOf(fault: Fault, transport: MatrixTransport): string {
  const expected = expectationOf(fault, transport);
  return typeof expected === "string" ? expected : textOf(expected);
}

function textOf({ exit, report, left, next }: Expectation): string {
  const parts = [exit === "SIGKILL" ? "killed" : `**${exit}**`];
  if (report === undefined) parts.push("no report");
  if (report?.lost) parts.push("the loss is counted");
  if (report?.dead) parts.push(`${report.dead} dead letter`);
  if (report?.restarts) parts.push(`${report.restarts} ${report.restarts === 1 ? "restart" : "restarts"}`);
  if (left !== "nothing") parts.push(`left: ${left}`);
  if (next !== undefined) parts.push(`next run: ${next}`);
  return parts.join("; ");
}
