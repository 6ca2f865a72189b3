/** What the operating system reports, as errors of Sluice. */

import { BufferError, type Effect, isBufferError } from "@sluice/core";

export function errnoOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

/** No space, or no quota, for what a file or a directory would need. */
export function isStorageFull(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === "ENOSPC" || errno === "EDQUOT";
}

/** Wraps once: what is a `BufferError` already passes as it is. */
export function storageError(error: unknown, doing: string, effect: Effect = "none"): Error {
  if (isBufferError(error)) return error;
  const options = { transport: "file", effect, cause: error };
  const message = `${doing}: ${error instanceof Error ? error.message : String(error)}`;
  if (isStorageFull(error)) return new BufferError("STORAGE_FULL", message, options);
  const errno = errnoOf(error);
  if (errno === "EACCES" || errno === "EPERM" || errno === "EROFS") {
    return new BufferError("PERMISSION_DENIED", message, options);
  }
  return new BufferError("STORAGE_FAILED", message, options);
}

export function closed(): BufferError {
  return new BufferError("HANDLE_CLOSED", "The handle is closed", { transport: "file" });
}

export function destroyed(root: string, cause?: unknown): BufferError {
  return new BufferError("BUFFER_DESTROYED", `The buffer ${root} was destroyed`, {
    transport: "file",
    cause,
  });
}
