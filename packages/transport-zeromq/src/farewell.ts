/** The last words of a broker whose buffer was destroyed: it ends when those who wait for them have heard. */

import { setTimeout as sleep } from "node:timers/promises";
import type { Session } from "./session.js";

/** For those who wait for nothing: what is sent to them leaves within that, as a rule. */
const TELL_MS = 20;
/**
 * Who waits hangs up when it has heard. One that is stopped does not, and is not waited for any longer than this, twice: where this process
 * stood still for the first time, the second is there for ZeroMQ's own thread, which has not sent anything yet.
 */
export const HANG_UP_MS = 250;

export class Farewell {
  /** Resolves when nobody has anything to hear any more. */
  readonly over: Promise<void>;
  readonly #listening: Set<Session>;
  #allHungUp = () => {};

  /** @param listening - wait for an answer, each on its connection. */
  constructor(listening: Iterable<Session>) {
    this.#listening = new Set(listening);
    this.over = Promise.all([sleep(TELL_MS), this.#untilHungUp()]).then(() => {});
  }

  /** Its connection has ended. */
  hungUp(session: Session): void {
    if (this.#listening.delete(session) && this.#listening.size === 0) this.#allHungUp();
  }

  #untilHungUp(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#listening.size === 0) return resolve();
      // Unref'd, for a broker that has ended lets its thread end at once.
      let timer = setTimeout(() => {
        timer = setTimeout(resolve, HANG_UP_MS).unref();
      }, HANG_UP_MS).unref();
      this.#allHungUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
