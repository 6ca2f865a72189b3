/** Events of a run, for a view to see. */

import type { BufferCounts, RunEvent } from "@sluice/core";
import { RunView } from "../../dist/live/run-view.js";

export const counts: BufferCounts = {
  ready: 0,
  leased: 0,
  parked: 0,
  dead: 0,
  discarded: 0,
  produced: 0,
  consumed: 0,
  peak: 0,
  sealed: false,
  waitingProducers: 0,
  waitingConsumers: 0,
};

/** What a view makes of these events, a second after each other. */
export function viewOf(...events: readonly object[]): RunView {
  const view = new RunView();
  events.forEach((event, n) => {
    view.see({ at: 1000 * (n + 1), ...event } as RunEvent);
  });
  return view;
}

export const opened = { kind: "opened", created: true, transport: "file", capacity: 5, address: {} };
export const spawned = (worker: string) => ({ kind: "spawned", worker, role: worker.split("-")[0], pid: 1 });
export const ready = (worker: string, lastSequence = 0) => ({ kind: "ready", worker, lastSequence });
export const started = { kind: "started", producers: 1, consumers: 1 };
