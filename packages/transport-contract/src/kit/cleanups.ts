/** What a rule has given out and started, in the order in which it did; all of it is let go when the rule is over. */

import type { Timing } from "../timing.js";
import { describe } from "./expect.js";
import { inTime, LATE } from "./in-time.js";

interface Cleanup {
  readonly run: () => unknown;
  /** The subject of what is said where it fails; undefined where that is nobody's business. */
  readonly what?: string;
}

/** Of the signal time, for all that is held by a rule together. */
const END_SIGNALS_MAX = 2;

export class Cleanups {
  readonly #timing: Timing;
  readonly #all: Set<Cleanup> = new Set();
  #isOver = false;

  constructor(timing: Timing) {
    this.#timing = timing;
  }

  /** What may fail or hang where a rule has failed, which has said so already: it gets little time, and is not heard. */
  defer(undo: () => unknown): void {
    this.#add({ run: undo });
  }

  /** What is to go for certain: waited for, and a failure of it is told. @returns lets it go now. */
  hold(release: () => unknown, what: string): () => Promise<void> {
    const cleanup = { run: release, what };
    this.#add(cleanup);
    return async () => {
      if (this.#all.delete(cleanup)) await release();
    };
  }

  /** Lets go of all, the last one first. @returns what went wrong, in sentences. */
  async end(): Promise<string[]> {
    this.#isOver = true;
    const { signalMs, noSignalMs } = this.#timing;
    const faults: string[] = [];
    const end = performance.now() + END_SIGNALS_MAX * signalMs;
    for (const cleanup of [...this.#all].reverse()) {
      // Let go meanwhile.
      if (!this.#all.delete(cleanup)) continue;
      const heldMs = Math.max(2 * noSignalMs, Math.min(signalMs, end - performance.now()));
      const fault = await faultOf(cleanup, cleanup.what === undefined ? 2 * noSignalMs : heldMs);
      if (fault !== undefined && cleanup.what !== undefined) faults.push(fault);
    }
    return faults;
  }

  #add(cleanup: Cleanup): void {
    if (!this.#isOver) this.#all.add(cleanup);
    // What was under way when the rule ended comes too late to be waited for.
    else void faultOf(cleanup, this.#timing.signalMs);
  }
}

/** What went wrong with it; undefined if nothing did. */
async function faultOf({ run, what }: Cleanup, limitMs: number): Promise<string | undefined> {
  const done = (async () => void (await run()))().catch(
    (error: unknown) => `Expected ${what} to go well, it rejected with ${describe(error)}`,
  );
  const fault = await inTime(done, limitMs);
  return fault === LATE
    ? `Expected ${what} to come to its end, it was still at it after ${limitMs} ms`
    : fault;
}
