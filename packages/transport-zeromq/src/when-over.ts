/** When a call is not to be waited for any longer. */

import type { Wait } from "@sluice/core";
import { TIMER_MS_MAX } from "./timing.js";

/** Calls back when the time is over, or the signal aborted. Returns what ends the watching; undefined where nothing is waited for. */
export function whenOver({ maxMs, signal }: Wait, onOver: () => void): (() => void) | undefined {
  if (maxMs === 0) return undefined;
  const timer = maxMs <= TIMER_MS_MAX ? setTimeout(onOver, maxMs) : undefined;
  signal.addEventListener("abort", onOver, { once: true });
  if (signal.aborted) queueMicrotask(onOver);
  return () => {
    clearTimeout(timer);
    signal.removeEventListener("abort", onOver);
  };
}
