/** What goes wrong, as errors of Sluice: what the operating system reports, and what a store finds on its disk. */

import { BufferError, type Effect, type ErrorCode, isBufferError } from "@sluice/core";
import { FORMAT_VERSION } from "./record.js";
import type { RecordFlaw } from "./record-flaw.js";

export function errnoOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

/** No space, or no quota, for what a file or a directory would need. */
export function isStorageFull(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === "ENOSPC" || errno === "EDQUOT";
}

/** What an error says besides its code and message. */
interface Circumstances {
  readonly effect?: Effect;
  readonly cause?: unknown;
}

/** Makes the errors of one store, in the name of the transport that it serves. */
export class Faults {
  /** `BufferError.transport` of all of them. */
  readonly transport: string;

  constructor(transport: string) {
    this.transport = transport;
  }

  of(code: ErrorCode, message: string, circumstances: Circumstances = {}): BufferError {
    return new BufferError(code, message, { transport: this.transport, ...circumstances });
  }

  /** Of the system's error. Wraps once: what is a `BufferError` already passes as it is. */
  storage(error: unknown, doing: string, effect: Effect = "none"): Error {
    if (isBufferError(error)) return error;
    const message = `${doing}: ${error instanceof Error ? error.message : String(error)}`;
    return this.of(codeOf(error), message, { effect, cause: error });
  }

  closed(): BufferError {
    return this.of("HANDLE_CLOSED", "The handle is closed");
  }

  /** @param which - names the buffer. */
  destroyed(which: string, cause?: unknown): BufferError {
    return this.of("BUFFER_DESTROYED", `The buffer ${which} was destroyed`, { cause });
  }

  /** Says what a file is instead of a record. */
  flaw(flaw: RecordFlaw, path: string): BufferError {
    if (flaw === "foreign") return this.of("NOT_A_BUFFER", `${path} was not written by Sluice`);
    if (flaw === "torn") return this.of("DATA_CORRUPT", `${path} is damaged or incomplete`);
    const versions = `format ${flaw.version}, this version of the transport reads format ${FORMAT_VERSION}`;
    return this.of("VERSION_UNSUPPORTED", `${path} has ${versions}`);
  }
}

function codeOf(error: unknown): ErrorCode {
  if (isStorageFull(error)) return "STORAGE_FULL";
  const errno = errnoOf(error);
  return errno === "EACCES" || errno === "EPERM" || errno === "EROFS"
    ? "PERMISSION_DENIED"
    : "STORAGE_FAILED";
}
