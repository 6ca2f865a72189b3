/** Who did what and when: a lane for each process, a bar for each call; a long one is a wait. */

import type { OperationKind } from "@sluice/history-checker";
import type { KeptHistory } from "./kept-history.js";

interface Bar {
  readonly from: number;
  readonly to: number;
  readonly tone: Tone;
  /** Calls drawn as one, since they lie closer than can be seen. */
  readonly calls: number;
}

/** What is told apart by colour. `open`: the call never returned; it is drawn until its process was killed, or to the end. */
type Tone = "put" | "take" | "settle" | "open";

export interface Lane {
  readonly process: string;
  readonly bars: readonly Bar[];
}

const TONE: Readonly<Record<OperationKind, Tone>> = {
  put: "put",
  take: "take",
  lease: "take",
  ack: "settle",
  nack: "settle",
  release: "settle",
  seal: "settle",
};

/**
 * Lanes in the order in which processes appear.
 *
 * @param until - end of the picture, in the history's time.
 * @param gap - calls of one tone that are no further apart become one bar.
 */
export function lanesOf(
  { operations, marks }: Pick<KeptHistory, "operations" | "marks">,
  until: number,
  gap: number,
): Lane[] {
  const killed = new Map(
    marks.filter(({ what }) => what === "SIGKILL").map(({ process, at }) => [process, at]),
  );
  const lanes = new Map<string, Bar[]>();
  for (const one of operations) {
    const bars = lanes.get(one.process) ?? [];
    lanes.set(one.process, bars);
    const isOpen = !Number.isFinite(one.returnedAt);
    const bar: Bar = {
      from: one.invokedAt,
      to: isOpen ? Math.max(one.invokedAt, killed.get(one.process) ?? until) : one.returnedAt,
      tone: isOpen ? "open" : TONE[one.kind],
      calls: 1,
    };
    const last = bars.at(-1);
    if (last !== undefined && last.tone === bar.tone && bar.from - last.to <= gap)
      bars[bars.length - 1] = { ...last, to: Math.max(last.to, bar.to), calls: last.calls + 1 };
    else bars.push(bar);
  }
  return [...lanes].map(([process, bars]) => ({ process, bars }));
}
