/** Watches how long a broker says nothing while it is asked something, and for how long it is waited for. */

import { DEAD_MS, HEARTBEAT_MS } from "./timing.js";

/** A timer that was set for so long comes a little sooner, or later. */
const NEARLY = 0.9;

/** Who asks, and is told. */
export interface Asker {
  readonly isWaiting: boolean;
  /** Nothing was heard for a heartbeat. */
  onSilence(): void;
  /** Nothing was heard for so long that the broker is taken for dead. @param longAgo - what was asked since then may still be answered. */
  onDeath(longAgo: number): void;
}

export class SilenceWatch {
  readonly #asker: Asker;
  #timer: NodeJS.Timeout | undefined;
  #lastTick = 0;
  #lastHeard = 0;
  /** It was taken for dead, and has given no sign since: it is asked again, but not waited for so long. */
  #isDead = false;
  #signs = 0;

  constructor(asker: Asker) {
    this.#asker = asker;
  }

  /** How often something was heard. */
  get signs(): number {
    return this.#signs;
  }

  /** Something is asked. @param isFirst - nothing else is waited for. */
  begin(isFirst: boolean): void {
    if (isFirst) this.#lastHeard = performance.now();
    this.#timer ??= this.#nextTick();
  }

  heard(): void {
    this.#lastHeard = performance.now();
    this.#isDead = false;
    this.#signs += 1;
  }

  /** Stops its timer. */
  end(): void {
    clearTimeout(this.#timer);
  }

  #nextTick(): NodeJS.Timeout {
    this.#lastTick = performance.now();
    return setTimeout(() => this.#onTick(), HEARTBEAT_MS).unref();
  }

  #onTick(): void {
    const now = performance.now();
    // This process was stopped, or busy: what the broker said meanwhile has not been read yet.
    const wasAway = now - this.#lastTick > 2 * HEARTBEAT_MS;
    this.#timer = undefined;
    if (!this.#asker.isWaiting) return;
    if (wasAway) this.#lastHeard = now;
    const silentMs = now - this.#lastHeard;
    const patienceMs = this.#isDead ? HEARTBEAT_MS : DEAD_MS;
    if (silentMs >= patienceMs * NEARLY) {
      this.#isDead = true;
      this.#asker.onDeath(now - HEARTBEAT_MS * NEARLY);
    } else if (silentMs >= HEARTBEAT_MS * NEARLY) this.#asker.onSilence();
    if (this.#asker.isWaiting) this.#timer ??= this.#nextTick();
  }
}
