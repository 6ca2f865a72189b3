/** What becomes of an error that a port throws: wrapped once, never twice. */

import { BufferError, type BufferFault, type Effect, isBufferError } from "./errors.js";

/**
 * A fault of the interface passes as it is, with the transport's name filled in. Anything else that an adapter throws was
 * not foreseen by it: `STORAGE_FAILED` with the original as its cause, and nobody can say whether it took effect.
 */
export function portFault(error: unknown, transport: string, effect: Effect = "unknown"): BufferFault {
  if (isBufferError(error)) {
    if (error.transport === undefined) (error as { transport: string | undefined }).transport = transport;
    return error;
  }
  const why = error instanceof Error ? error.message : String(error);
  const message = `The ${transport} transport failed in a way that it did not foresee: ${why}`;
  return new BufferError("STORAGE_FAILED", message, { transport, effect, cause: error });
}

/** The port's answer breaks the interface. Whatever it did, its word cannot be taken for it. */
export function badAnswer(transport: string, what: string): BufferError {
  const message = `The ${transport} transport has a defect: ${what}`;
  return new BufferError("STORAGE_FAILED", message, { transport, effect: "unknown" });
}

/**
 * For a call of which nobody can say whether it took effect.
 *
 * @param cause - the fault, or the reason of the caller who gave up waiting.
 */
export function outcomeUnknown(what: string, transport: string, cause: unknown): BufferFault {
  if (isBufferError(cause, "OUTCOME_UNKNOWN")) return cause;
  const why = cause instanceof Error ? `: ${cause.message}` : "";
  return new BufferError("OUTCOME_UNKNOWN", `Whether ${what} is not known${why}`, { transport, cause });
}

export function handleClosed(what: string, transport: string): BufferError {
  return new BufferError("HANDLE_CLOSED", `This ${what} was closed`, { transport });
}

export function bufferDestroyed(transport: string): BufferError {
  return new BufferError("BUFFER_DESTROYED", "The buffer was destroyed", { transport });
}

/** The port was told to end its wait, and has not answered for seconds. */
export function noAnswer(transport: string): BufferError {
  return new BufferError("TRANSPORT_UNAVAILABLE", `The ${transport} transport does not answer`, {
    transport,
  });
}

export function tooManyWaiters({
  waitersMax,
  transport,
}: {
  waitersMax: number;
  transport: string;
}): BufferError {
  const message = `At most ${waitersMax} calls (\`waitersMax\`) may wait on one handle: await some of them first`;
  return new BufferError("TOO_MANY_WAITERS", message, { transport });
}

/** Runs a hook of the caller, whose failure must not become ours: it is reported as uncaught, like a listener's. */
export function callHook<A extends unknown[]>(hook: ((...args: A) => void) | undefined, ...args: A): void {
  if (hook === undefined) return;
  try {
    hook(...args);
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}
