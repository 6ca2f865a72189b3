/** What goes wrong, as errors of Sluice. */

import { BufferError, type BufferErrorOptions, ERROR_CODES, type ErrorCode } from "@sluice/core";
import type { Failure } from "./protocol.js";

export const NAME = "zeromq";

export function fault(code: ErrorCode, message: string, options: BufferErrorOptions = {}): BufferError {
  return new BufferError(code, message, { transport: NAME, ...options });
}

/** As a broker told it. */
export function faultOf({ code, effect, message }: Failure): BufferError {
  const known = (ERROR_CODES as readonly string[]).includes(code);
  return known
    ? fault(code as ErrorCode, message, { effect })
    : fault("STORAGE_FAILED", `${code}: ${message}`, { effect });
}

export function unavailable(url: string, effect: "none" | "unknown", cause?: unknown): BufferError {
  return fault("TRANSPORT_UNAVAILABLE", `The broker at ${url} does not answer`, { effect, cause });
}

export function closed(): BufferError {
  return fault("HANDLE_CLOSED", "The handle is closed");
}

export function destroyed(): BufferError {
  return fault("BUFFER_DESTROYED", "The buffer was destroyed");
}
