/** Keeps a lease while somebody works on its item. */

import { isBufferError } from "./errors.js";
import type { AnyLease } from "./lease.js";

// Two renewals may fail before the lease is at risk.
const RENEWALS_PER_LEASE = 3;

/**
 * Renews a lease at a third of its time until it is settled, lost, or the returned function is called. A renewal that
 * fails for another reason is tried again a third later. Does not keep the process alive.
 *
 * It needs the event loop: a handler that blocks it for longer than the lease loses the lease.
 */
export function keepLease(lease: AnyLease): () => void {
  const timer = setInterval(
    () => {
      if (!lease.isOpen) return clearInterval(timer);
      lease.extend().catch((error: unknown) => {
        if (isBufferError(error, "LEASE_LOST") || isBufferError(error, "HANDLE_CLOSED")) clearInterval(timer);
      });
    },
    Math.max(1, Math.floor(lease.leaseMs / RENEWALS_PER_LEASE)),
  );
  timer.unref();
  return () => clearInterval(timer);
}
