/** Kills workers of one role, one at a time, at a steady pace: what a night may bring, within seconds. */

import type { Run, WorkerRole } from "@sluice/core";
import { KILLS_ROW, randomOf } from "./random.js";

export interface Kills {
  readonly role: WorkerRole;
  readonly everyMs: number;
  readonly seed: number;
}

/**
 * From the moment everyone is ready until the run is to end, or there is nothing more to kill for. Chance chooses among those who are
 * at work then, and not among those still starting: else none would get anything done.
 *
 * @returns ends it.
 */
export function killWorkers(run: Run, { role, everyMs, seed }: Kills): () => void {
  const random = randomOf(seed, KILLS_ROW);
  const ofRole = new Set<string>();
  const atWork = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const stop = () => clearInterval(timer);

  run.on("spawned", (event) => {
    if (event.role === role) ofRole.add(event.worker);
  });
  run.on("ready", ({ worker }) => {
    if (ofRole.has(worker)) atWork.add(worker);
  });
  run.on("exited", ({ worker }) => atWork.delete(worker));
  run.on("started", () => {
    timer = setInterval(() => {
      const victims = [...atWork].sort();
      const victim = victims[Math.floor(random() * victims.length)];
      if (victim === undefined) return;
      atWork.delete(victim);
      run.killWorker(victim);
    }, everyMs);
  });
  run.on("stopping", stop);
  run.on("drained", stop);
  if (role === "producer") run.on("sealed", stop);
  return stop;
}
