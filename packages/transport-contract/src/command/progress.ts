/** How far a run has got, for whoever watches: on a terminal one line that is written over, elsewhere a line for each rule. */

import type { Rule } from "../rule.js";
import type { Verdict } from "../run-contract.js";
import { remark, took } from "../verdict-text.js";

export interface Progress {
  onRule(rule: Rule, at: number, of: number): void;
  onVerdict(verdict: Verdict): void;
}

/** What it needs of standard error. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const WIDTH = 80;
const CLEAR = "\r\u001B[K";

export function progressOn(screen: Screen): Progress {
  if (screen.isTTY !== true)
    return { onRule() {}, onVerdict: (verdict) => void screen.write(`${lineOf(verdict)}\n`) };
  return {
    onRule({ title }, at, of) {
      const line = `[${at + 1}/${of}] ${title}`;
      screen.write(`${CLEAR}${line.slice(0, (screen.columns ?? WIDTH) - 1)}`);
    },
    onVerdict(verdict) {
      screen.write(CLEAR);
      // The others are in the table at the end.
      if (verdict.outcome === "failed") screen.write(`${lineOf(verdict)}\n`);
    },
  };
}

function lineOf(verdict: Verdict): string {
  return [verdict.outcome, verdict.rule, took(verdict), remark(verdict)]
    .filter((part) => part !== "")
    .join(" ");
}
