/** The page of a run: how far the transport got, what happened, and every rule. One file, with nothing to load. */

import { levelReached, type Standing } from "../group.js";
import type { Level } from "../rule.js";
import type { Verdict } from "../run-contract.js";
import { messageOf, remark, took } from "../verdict-text.js";
import { escaped } from "./escaped.js";
import { histories, htmlPage } from "./html-page.js";

export interface ReportContents {
  readonly transport: string;
  readonly level: Level;
  readonly seed: number;
  readonly standings: readonly Standing[];
  readonly verdicts: readonly Verdict[];
}

/** Without a failure, so many rules are shown at work. */
const SHOWN_MAX = 4;

export function reportPage(contents: ReportContents): string {
  const { transport, level, seed, standings, verdicts } = contents;
  const failed = verdicts.filter(({ outcome }) => outcome === "failed");
  const isBroken = failed.length > 0;
  const seen = verdicts.filter((one) => (one.histories ?? []).length > 0);
  const shown = isBroken ? failed : seen.slice(0, SHOWN_MAX);
  const count = (outcome: Verdict["outcome"]) => verdicts.filter((one) => one.outcome === outcome).length;
  return htmlPage({
    title: `${transport}: ${isBroken ? "the contract is broken" : "the contract is kept"}`,
    isBroken,
    lines: [
      `conformance at level ${level}: <strong>${levelReached(standings)}</strong>`,
      `${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped · seed ${seed}`,
    ],
    body: `<ul class="groups">${standings.map(groupCard).join("")}</ul>
${shown.length > 0 ? `<h2>${isBroken ? "What went wrong" : "What it looks like"}</h2>` : ""}
${shown.map((one) => inFull(one)).join("\n")}
<h2>Every rule</h2>
<table>
<thead><tr><th>rule</th><th>level</th><th>verdict</th><th>time</th><th></th></tr></thead>
<tbody>
${verdicts.map(row).join("\n")}
</tbody>
</table>`,
  });
}

function groupCard({ group, standing, passed, failed, unclaimed, notRun }: Standing): string {
  const parts = [`${passed} passed`];
  if (failed > 0) parts.push(`${failed} failed`);
  if (unclaimed > 0) parts.push(`${unclaimed} not claimed`);
  if (notRun > 0) parts.push(`${notRun} not run`);
  return `<li class="${standing}"><b>${group}</b> ${standing}<small>${parts.join(", ")}</small></li>`;
}

function inFull(verdict: Verdict): string {
  const { title, outcome, error } = verdict;
  const message = outcome === "failed" ? `<pre>${escaped(messageOf(error))}</pre>` : "";
  return `<section><h3>${escaped(title)}</h3>${message}${histories(verdict.histories ?? [])}</section>`;
}

function row(verdict: Verdict): string {
  const { rule, level, outcome } = verdict;
  const cells = [rule, level, outcome, took(verdict), remark(verdict)];
  return `<tr class="${outcome}">${cells.map((cell) => `<td>${escaped(cell)}</td>`).join("")}</tr>`;
}
