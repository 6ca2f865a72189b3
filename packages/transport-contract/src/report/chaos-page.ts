/** The page of one run with kills: its account, and what all of its processes did. */

import type { ChaosReport } from "../chaos/account.js";
import { escaped } from "./escaped.js";
import { histories, htmlPage } from "./html-page.js";
import type { KeptHistory } from "./kept-history.js";

export interface ChaosPageContents {
  readonly transport: string;
  readonly account: ChaosReport;
  readonly histories: readonly KeptHistory[];
  readonly again: string;
}

export function chaosPage({ transport, account, histories: kept, again }: ChaosPageContents): string {
  const { safety, liveness, ...figures } = account;
  const faults = [...safety, ...liveness];
  const rows = Object.entries(figures).map(([name, value]) => `<tr><td>${name}</td><td>${value}</td></tr>`);
  const isBroken = faults.length > 0;
  return htmlPage({
    title: `${transport}, with processes killed: ${isBroken ? "a promise is broken" : "every promise is kept"}`,
    isBroken,
    lines: [
      `safety <strong>${safety.length === 0 ? "kept" : "broken"}</strong>, liveness <strong>${liveness.length === 0 ? "kept" : "broken"}</strong>`,
    ],
    body: `${isBroken ? `<pre>${escaped(faults.join("\n"))}\nrun it again: ${escaped(again)}</pre>` : ""}
${histories(kept)}
<table><tbody>${rows.join("")}</tbody></table>`,
  });
}
