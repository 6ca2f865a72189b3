/** What happened while a rule was run, kept for whoever wants to see it. */

import type { Operation } from "@sluice/history-checker";

/** Something that was done to a process from outside, such as `SIGKILL`. */
export interface Mark {
  /** Nanoseconds from the start of the history, as the times of its operations. */
  readonly at: number;
  readonly process: string;
  readonly what: string;
}

export interface KeptHistory {
  /** Which of the rule's runs it was: `capacity 5`. */
  readonly title: string;
  readonly capacity: number;
  readonly operations: readonly Operation[];
  readonly marks: readonly Mark[];
}
