/** What goes wrong, as errors of Sluice. */

import {
  BufferError,
  type BufferErrorOptions,
  type Effect,
  ERROR_CODES,
  type ErrorCode,
  isBufferError,
} from "@sluice/core";
import { type Failure, PROTOCOL_VERSION } from "./protocol.js";

export const NAME = "zeromq";

export function fault(code: ErrorCode, message: string, options: BufferErrorOptions = {}): BufferError {
  return new BufferError(code, message, { transport: NAME, ...options });
}

/** As a broker told it. @param otherwise - what it is where the code is none of ours. */
export function faultOf(
  { code, effect, message }: Failure,
  otherwise: ErrorCode = "STORAGE_FAILED",
): BufferError {
  const known = (ERROR_CODES as readonly string[]).includes(code);
  return known
    ? fault(code as ErrorCode, message, { effect })
    : fault(otherwise, code === "" ? message : `${code}: ${message}`, { effect });
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

/** Of a confirmation: whoever could have said what became of what it confirms is gone. */
export function forgotten(): BufferError {
  const message =
    "The broker does not know what it handed out: it was started again, or has forgotten the client";
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

export function otherSpeech(url: string, cause: Error): Error {
  const message = `What listens at ${url} does not speak this protocol: ${cause.message}`;
  return fault("NOT_A_BUFFER", message, { cause });
}

export function noProducer(number: number): BufferError {
  return fault("HANDLE_CLOSED", `The broker knows no producer ${number} of this client`);
}

/** What a client is told of an error that came of its request. */
export function failureOf(error: unknown): Failure {
  const known = isBufferError(error);
  return {
    code: known ? error.code : "STORAGE_FAILED",
    effect: known ? error.effect : "unknown",
    message: error instanceof Error ? error.message : String(error),
  };
}
