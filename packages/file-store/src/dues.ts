/** What time and death have brought about, and nobody has committed yet. */

import { monotonicMs } from "@sluice/native-port";
import type { Log } from "./log.js";
import type { Operation } from "./operation.js";
import { isDead } from "./process-identity.js";

// Looking for the dead costs a read per process that holds something.
const PROBE_EVERY_MS = 200;

export class Dues {
  readonly #log: Log;
  readonly #dead = new Set<string>();
  #lastProbe = Number.NEGATIVE_INFINITY;

  constructor(log: Log) {
    this.#log = log;
  }

  /** To be committed before anything else is decided. */
  get operations(): Operation[] {
    const { state } = this.#log;
    const due: Operation[] = [...this.#dead]
      .filter((handle) => state.participants.has(handle))
      .map((handle) => ({ op: "gone", handle }));
    const at = monotonicMs();
    if (state.nextEnd <= at) {
      state.refreshNextEnd();
      if (state.nextEnd <= at) due.push({ op: "expire", at });
    }
    return due;
  }

  /** Looks which holders have died. True if there are any that the state still counts on. */
  probe(): boolean {
    const { participants } = this.#log.state;
    const now = performance.now();
    if (now - this.#lastProbe >= PROBE_EVERY_MS) {
      this.#lastProbe = now;
      for (const [handle, participant] of participants) {
        if (handle !== this.#log.handle && isDead(participant)) this.#dead.add(handle);
      }
    }
    for (const handle of this.#dead) if (!participants.has(handle)) this.#dead.delete(handle);
    return this.#dead.size > 0;
  }
}
