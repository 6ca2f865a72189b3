/** What goes wrong, as errors of Sluice. */

import { BufferError, type BufferErrorOptions, type Effect, ERROR_CODES, type ErrorCode } from "@sluice/core";
import { type Failure, PROTOCOL_VERSION } from "./protocol.js";

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

export function forgotten(url: string): Error {
  const message = `The broker at ${url} does not remember this request: it was started again meanwhile`;
  return fault("OUTCOME_UNKNOWN", message);
}

export function closedUnder(effect: Effect): Error {
  return effect === "none"
    ? closed()
    : fault("OUTCOME_UNKNOWN", "The handle was closed before the broker had answered", { cause: closed() });
}

export function otherVersion(url: string, version: number): Error {
  const versions = `protocol ${version}, this client ${PROTOCOL_VERSION}`;
  return fault("VERSION_UNSUPPORTED", `The broker at ${url} speaks ${versions}`);
}
