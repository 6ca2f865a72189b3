/** Faults as this transport tells them. */

import { dirname } from "node:path";
import { BufferError, type ErrorCode, isBufferError, outOfRange, show } from "@sluice/core";

export function fault(code: ErrorCode, message: string, cause?: unknown): BufferError {
  return new BufferError(code, message, { transport: "shm", cause });
}

export function damaged(what: string): BufferError {
  return fault("DATA_CORRUPT", `The region is damaged: it has ${what}`);
}

export function notABuffer(path: string, why: string): BufferError {
  return fault("NOT_A_BUFFER", `${show(path)} is not a buffer: it ${why}`);
}

export function notFound(path: string): Error {
  return fault("BUFFER_NOT_FOUND", `There is no buffer at ${show(path)}`);
}

export function errnoOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

/** Wraps once: what is a fault of Sluice already passes as it is. */
export function systemError(error: unknown, doing: string, path: string): unknown {
  if (isBufferError(error)) return error;
  const errno = errnoOf(error);
  const told = `${doing}: ${error instanceof Error ? error.message : String(error)}`;
  if (errno === "ENOENT" || errno === "ENOTDIR") {
    if (doing.startsWith("Opening")) return notFound(path);
    return outOfRange("the directory of the buffer", "one that exists", dirname(path));
  }
  if (errno === "ENOSPC" || errno === "EDQUOT" || errno === "ENOMEM")
    return fault("STORAGE_FULL", told, error);
  if (errno === "EACCES" || errno === "EPERM" || errno === "EROFS")
    return fault("PERMISSION_DENIED", told, error);
  return fault("STORAGE_FAILED", told, error);
}
