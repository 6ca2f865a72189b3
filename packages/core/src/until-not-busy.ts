/** Calls that should outlast a process that stands still for a while. */

import { isBufferError } from "./errors.js";

// Each try waits `lockWaitMs` by itself, 100 ms by default: some five seconds in all.
const TRIES = 50;

/**
 * Makes a call again while it rejects `BUFFER_BUSY`, because a stopped process holds a lock: up to 50 times. Each waits by
 * itself, as long as the transport says. Only for a call that may be made twice: such a rejection has had no effect.
 */
export async function untilNotBusy<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await call();
    } catch (error) {
      if (!isBufferError(error, "BUFFER_BUSY") || tries === TRIES) throw error;
    }
  }
}
