/** What goes wrong, as errors of Sluice. */

import { JetStreamApiError } from "@nats-io/jetstream";
import { errors } from "@nats-io/transport-node";
import { type BufferError, type Effect, isBufferError } from "@sluice/core";
import { Faults } from "@sluice/file-store";

export const NAME = "nats";

export const faults: Faults = new Faults(NAME);

export function unavailable(where: string, effect: Effect, cause: unknown): BufferError {
  return faults.of("TRANSPORT_UNAVAILABLE", `The servers at ${where} do not answer`, { effect, cause });
}

/** Of the numbers that the server gives its errors. */
const Code = {
  WrongLast: 10_071,
  WrongLastUnknown: 10_164,
  SubjectsOverlap: 10_065,
  NameInUse: 10_058,
} as const;

const STORAGE_FULL = new Set([10_023, 10_047, 10_026, 10_028, 10_077, 10_122]);
const TOO_FEW_SERVERS = new Set([10_005, 10_074]);

/** Another commit came first: the sequence of the last one, 0 where it is not told; undefined for any other error. */
export function lastSequenceIn(code: number, text: string): number | undefined {
  if (code === Code.WrongLastUnknown) return 0;
  if (code !== Code.WrongLast) return undefined;
  return Number(/: (\d+)$/.exec(text)?.[1] ?? 0);
}

/** The same, of an error. */
export function isOutrun(error: unknown): boolean {
  return error instanceof JetStreamApiError && lastSequenceIn(error.code, error.message) !== undefined;
}

/** There is nobody for what was published, no stream and no leader of one. */
export class Unheard extends Error {
  constructor() {
    super("No stream takes it");
  }
}

/** There is a stream of that name, or with those subjects. */
export function isTaken(error: unknown): boolean {
  const code = error instanceof JetStreamApiError ? error.code : 0;
  return code === Code.SubjectsOverlap || code === Code.NameInUse;
}

/** Nobody has answered, or nobody who could: it may have been done, and may be asked for again. */
export function isSilence(error: unknown): boolean {
  // Of its own troubles a server speaks by numbers from 500 on.
  if (error instanceof JetStreamApiError)
    return error.status >= 500 && !STORAGE_FULL.has(error.code) && !TOO_FEW_SERVERS.has(error.code);
  return !isBufferError(error) && !isDenied(error) && !isUntrusted(error);
}

/** It has certainly not reached a stream. */
export function isUnsent(error: unknown): boolean {
  // The client has a name of its own for what nobody listens to.
  return isRefused(error) || error instanceof Unheard || nameOf(error) === "JetStreamNotEnabled";
}

/** As an error of ours, of what the server has said. */
export function refusalOf(error: unknown, effect: Effect): BufferError {
  if (isBufferError(error)) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (isDenied(error))
    return faults.of("PERMISSION_DENIED", `The server refuses: ${text}`, { effect, cause: error });
  if (isUntrusted(error))
    return faults.of("TRANSPORT_UNAVAILABLE", `The server's certificate is not trusted: ${text}`, {
      effect,
      cause: error,
    });
  const number = error instanceof JetStreamApiError ? error.code : 0;
  if (TOO_FEW_SERVERS.has(number))
    return faults.of("CAPABILITY_MISSING", `There are not so many servers: ${text}`, { cause: error });
  const isFull = STORAGE_FULL.has(number);
  return faults.of(isFull ? "STORAGE_FULL" : "STORAGE_FAILED", `The server answers: ${text}`, {
    effect,
    cause: error,
  });
}

/** By a server that can: another trouble may have come when it was stored already. */
function isRefused(error: unknown): boolean {
  return error instanceof JetStreamApiError && (error.status < 500 || error.status === 503);
}

export function isStreamMissing(error: unknown): boolean {
  return nameOf(error) === "StreamNotFoundError";
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "";
}

/** By TLS. It will not be another time. */
function isUntrusted(error: unknown): boolean {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" && /CERT|^UNABLE_TO_|^HOSTNAME_MISMATCH$|^INVALID_CA$/.test(code);
}

export function isDenied(error: unknown): boolean {
  const told = error instanceof errors.RequestError ? error.cause : error;
  return (
    told instanceof errors.AuthorizationError ||
    told instanceof errors.UserAuthenticationExpiredError ||
    told instanceof errors.PermissionViolationError
  );
}
