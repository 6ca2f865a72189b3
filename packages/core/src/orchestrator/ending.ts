/**
 * How a run comes to its end before its time, in steps that only go up: `drain` stops the producers, `release` stops the
 * consumers too, who give back what they hold, `kill` ends every worker. Time goes up a step where nobody else does.
 */

import type { CrewGroup } from "./crew-group.js";
import type { EventStream } from "./event-stream.js";
import type { StopLevel } from "./run-events.js";

// A producer that was told to stop has so long to end by itself before the buffer is sealed over it.
const PRODUCERS_GRACE_MS = 1500;
// What was told to give back what it holds, and is still there after so long, is killed.
const RELEASE_GRACE_MS = 2500;

const LEVELS: readonly StopLevel[] = ["drain", "release", "kill"];

export class Ending {
  /** Resolves when producers are no longer to be waited for. */
  readonly producersOverdue: Promise<void>;
  /** Aborted at `release`. */
  readonly released: AbortSignal;
  /** Why the run ends early; undefined while all goes its way. */
  because: string | undefined;

  readonly #events: EventStream;
  readonly #drainDeadlineMs: number;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #releaser = new AbortController();
  #producers: readonly CrewGroup[] = [];
  #consumers: readonly CrewGroup[] = [];
  #rank = -1;
  #draining = false;
  #over = false;
  #giveUpProducers = () => {};

  constructor(events: EventStream, drainDeadlineMs: number) {
    this.#events = events;
    this.#drainDeadlineMs = drainDeadlineMs;
    this.released = this.#releaser.signal;
    this.producersOverdue = new Promise((resolve) => {
      this.#giveUpProducers = resolve;
    });
  }

  /** Whom it is about. A level that was raised before holds for them at once. */
  of(producers: readonly CrewGroup[], consumers: readonly CrewGroup[]): void {
    this.#producers = producers;
    this.#consumers = consumers;
    this.#apply();
  }

  /** One step up. */
  raise(because: string): void {
    this.raiseTo(LEVELS[this.#rank + 1] ?? "kill", because);
  }

  /** To this level, unless it is reached. */
  raiseTo(level: StopLevel, because: string): void {
    const rank = LEVELS.indexOf(level);
    if (this.#over || rank <= this.#rank) return;
    this.#rank = rank;
    this.because ??= because;
    this.#events.emit("stopping", { level, because });
    this.startDeadline();
    if (level === "drain") this.#after(PRODUCERS_GRACE_MS, this.#giveUpProducers);
    else {
      this.#giveUpProducers();
      this.#releaser.abort();
    }
    if (level === "release")
      this.#after(RELEASE_GRACE_MS, () => this.raiseTo("kill", "a worker did not stop"));
    this.#apply();
  }

  /**
   * From now on there is the drain deadline to finish in. The first call counts. It does not begin before the seal or a stop: a handler may take
   * hours, and one that takes for ever, under a full buffer, cannot be told from it.
   */
  startDeadline(): void {
    if (this.#draining) return;
    this.#draining = true;
    const limit = `not drained within ${this.#drainDeadlineMs} ms`;
    this.#after(this.#drainDeadlineMs, () => this.raiseTo("release", limit));
  }

  /** The run is over: nothing goes up any more. */
  finish(): void {
    this.#over = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #after(ms: number, step: () => void): void {
    this.#timers.push(setTimeout(step, ms));
  }

  #apply(): void {
    if (this.#rank >= 0) for (const group of this.#producers) group.stop();
    if (this.#rank >= 1) for (const group of this.#consumers) group.stop();
    if (this.#rank >= 2) for (const group of [...this.#producers, ...this.#consumers]) group.kill();
  }
}
