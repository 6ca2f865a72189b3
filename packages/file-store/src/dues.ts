/** What time and death have brought about, and nobody has committed yet. */

import type { Log } from "./log.js";
import type { Operation, Participant } from "./operation.js";
import { isDead as isProcessDead } from "./process-identity.js";

// Looking for the dead costs a read per process that holds something.
const PROBE_EVERY_MS = 200;

export type IsDead = (participant: Participant, handle: string) => boolean;

const NOTHING: readonly Operation[] = Object.freeze([]);

export interface DueWork {
  /** To be committed before anything else is decided. */
  readonly operations: readonly Operation[];
  /** Looks for holders that have died. True if there are any that the state still counts on. */
  probe(): boolean;
}

export class Dues implements DueWork {
  readonly #log: Log;
  readonly #isDead: IsDead;
  // As they were known: a handle may be taken up again by another process.
  readonly #dead = new Map<string, Participant>();
  #lastProbe = Number.NEGATIVE_INFINITY;

  /** @param isDead - whether it is known that a handle's process is gone. */
  constructor(log: Log, isDead: IsDead = isProcessDead) {
    this.#log = log;
    this.#isDead = isDead;
  }

  get operations(): readonly Operation[] {
    const { state } = this.#log;
    const at = this.#log.clock.atLeast();
    // Asked at every call, and nearly always there is nothing.
    if (this.#dead.size === 0 && state.nextEnd > at) return NOTHING;
    const due: Operation[] = [...this.#dead.keys()]
      .filter((handle) => this.#isCountedOn(handle))
      .map((handle) => ({ op: "gone", handle }));
    if (state.nextEnd <= at) {
      state.refreshNextEnd();
      if (state.nextEnd <= at) due.push({ op: "expire", at });
    }
    return due;
  }

  probe(): boolean {
    const { participants } = this.#log.state;
    const now = performance.now();
    if (now - this.#lastProbe >= PROBE_EVERY_MS) {
      this.#lastProbe = now;
      for (const [handle, participant] of participants) {
        if (handle !== this.#log.handle && this.#isDead(participant, handle))
          this.#dead.set(handle, participant);
      }
    }
    for (const handle of this.#dead.keys()) if (!this.#isCountedOn(handle)) this.#dead.delete(handle);
    return this.#dead.size > 0;
  }

  #isCountedOn(handle: string): boolean {
    return this.#log.state.participants.get(handle) === this.#dead.get(handle);
  }
}
