/**
 * The server's clock, as far as it can be known from here: it was read by the server at some instant between a question and its
 * answer. Time passes here by the monotonic clock, so that no wall clock of a client has a part in it.
 */

import type { Clock } from "@sluice/file-store";
import { CLOCK_MS } from "./timing.js";

/** Between the server's clock and ours: at least, and at most. */
interface Bounds {
  least: number;
  most: number;
}

export class ServerClock implements Clock {
  #bounds: Bounds | undefined;
  /** Of the time before: clocks drift, so that nothing is believed for ever. */
  #earlier: Bounds | undefined;
  #since = 0;
  #heardAt = Number.NEGATIVE_INFINITY;

  atLeast(): number {
    const least = Math.max(this.#bounds?.least ?? NEVER, this.#earlier?.least ?? NEVER);
    return performance.now() + least;
  }

  atMost(): number {
    const most = Math.min(this.#bounds?.most ?? -NEVER, this.#earlier?.most ?? -NEVER);
    return performance.now() + most;
  }

  /** Whether it is to be asked for. */
  get isDue(): boolean {
    return performance.now() - this.#heardAt > CLOCK_MS;
  }

  /**
   * @param askedAt - by our clock, as is `heardAt`.
   * @param time - what the server's clock said between the two.
   */
  heard(askedAt: number, time: number, heardAt: number): void {
    const [least, most] = [time - heardAt, time - askedAt];
    if (!Number.isFinite(time)) return;
    this.#heardAt = heardAt;
    if (heardAt - this.#since > CLOCK_MS) {
      this.#earlier = this.#bounds;
      this.#bounds = undefined;
      this.#since = heardAt;
    }
    const known = this.#bounds ?? { least, most };
    this.#bounds = { least: Math.max(known.least, least), most: Math.min(known.most, most) };
    const isOther = ({ least: l, most: m }: Bounds) => l > m + 1;
    // It was set, or another server's is heard now: what was known of it is worth nothing.
    if (
      isOther(this.#bounds) ||
      (this.#earlier !== undefined && isOther(within(this.#bounds, this.#earlier)))
    ) {
      this.#bounds = { least, most };
      this.#earlier = undefined;
    }
  }
}

const NEVER = Number.NEGATIVE_INFINITY;

function within(one: Bounds, other: Bounds): Bounds {
  return { least: Math.max(one.least, other.least), most: Math.min(one.most, other.most) };
}
