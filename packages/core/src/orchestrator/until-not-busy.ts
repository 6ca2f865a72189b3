import { isBufferError } from "../errors.js";

// Each try waits `lockWaitMs` by itself, 100 ms by default: some five seconds in all.
const TRIES = 50;

/** Tries again where a stopped process holds the lock. Only for a call that may be made twice. */
export async function untilNotBusy<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await call();
    } catch (error) {
      if (!isBufferError(error, "BUFFER_BUSY") || tries === TRIES) throw error;
    }
  }
}
