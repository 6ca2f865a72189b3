/** What goes wrong, as errors of Sluice. */

import { BufferError, type BufferErrorOptions, type Effect, type ErrorCode } from "@sluice/core";

export const NAME = "redis";

export function fault(code: ErrorCode, message: string, options: BufferErrorOptions = {}): BufferError {
  return new BufferError(code, message, { transport: NAME, ...options });
}

export function unavailable(where: string, effect: Effect, cause: unknown): BufferError {
  return fault("TRANSPORT_UNAVAILABLE", `The server at ${where} does not answer`, { effect, cause });
}

export function destroyed(): BufferError {
  return fault("BUFFER_DESTROYED", "The buffer was destroyed, or its server has lost it");
}

export function closed(): BufferError {
  return fault("HANDLE_CLOSED", "The handle is closed");
}

export function closedUnder(effect: Effect): BufferError {
  return effect === "none"
    ? closed()
    : fault("OUTCOME_UNKNOWN", "The handle was closed before the server had answered", { cause: closed() });
}

/**
 * The server has another past than this client was told of: a replica took over that had not heard all, or a disk had not. Nothing of the
 * offer is in; the producer has to be registered again, which a fault of unknown effect brings about, to learn how far it came.
 */
export function wentBack(): BufferError {
  const message = "The server has forgotten what it had accepted from this producer";
  return fault("STORAGE_FAILED", message, { effect: "unknown" });
}

export function corrupt(what: string): BufferError {
  return fault("DATA_CORRUPT", `The keys of the buffer do not agree: ${what}`);
}

/** What a server says that is certain: it did not do it, and will not. */
const REFUSALS: readonly (readonly [RegExp, ErrorCode, string])[] = [
  [/^OOM /, "STORAGE_FULL", "The server is at its memory limit (`maxmemory`)"],
  [/^MISCONF /, "STORAGE_FAILED", "The server cannot write to its disk"],
  [/^(NOPERM|NOAUTH|WRONGPASS) /, "PERMISSION_DENIED", "The server refuses"],
  [/^WRONGTYPE /, "NOT_A_BUFFER", "A key of the buffer holds something else"],
  [/^ERR (invalid|Client sent AUTH|AUTH )/, "PERMISSION_DENIED", "The server refuses"],
];

/** What passes: a server that loads its data, or hands its slots or its role over to another. */
const PASSING = /^(LOADING|READONLY|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|NOREPLICAS|BUSY|MOVED|ASK|UNBLOCKED)\b/;

export function isPassing(error: unknown): boolean {
  return PASSING.test(textOf(error));
}

export function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === "ReplyError";
}

/** As an error of ours; undefined where nothing certain is said. */
export function refusalOf(error: unknown, effect: Effect): BufferError | undefined {
  const text = textOf(error);
  // Of an error in a script the server names the command first.
  const plain = text.replace(/^ERR (Error running script|.*?:) .*?(OOM|NOPERM|MISCONF|WRONGTYPE) /, "$2 ");
  for (const [pattern, code, what] of REFUSALS) {
    if (pattern.test(plain)) return fault(code, `${what}: ${text}`, { effect });
  }
  return undefined;
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
