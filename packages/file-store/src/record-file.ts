/** Reading and writing whole record files, synchronously: for files of this size that is ten times cheaper than a thread. */

import { closeSync, constants, fstatSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { errnoOf, type Faults } from "./faults.js";
import { FILE_MODE } from "./layout.js";
import { type DecodedRecord, decodeHead, encodeHead, headEnd, isFlaw } from "./record.js";
import type { RecordFlaw } from "./record-flaw.js";

// Never through a symbolic link, and never onto a file that is there.
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const OVERWRITE = constants.O_WRONLY | constants.O_NOFOLLOW;
/** For a file that is read and written for long. */
export const READ_WRITE: number = constants.O_RDWR | constants.O_NOFOLLOW;
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export interface ReadRecord extends DecodedRecord {
  /** The bytes that were read, from the start of the file: all of it if it was no longer than asked for. */
  readonly bytes: Buffer;
}

// One read serves nearly all files; what is kept is copied out of it.
const scratch = Buffer.allocUnsafeSlow(64 * 1024);

/** Writes a new file, and returns its open descriptor, so that the caller may sync it. */
export function createRecordFile(path: string, head: unknown, payload: readonly Uint8Array[] = []): number {
  return writeNewFile(path, recordBytes(head, payload));
}

export function recordBytes(head: unknown, payload: readonly Uint8Array[] = []): Buffer {
  const payloadBytes = payload.reduce((sum, bytes) => sum + bytes.byteLength, 0);
  const start = encodeHead(head, payloadBytes);
  return payload.length === 0 ? start : Buffer.concat([start, ...payload]);
}

/** Returns the open descriptor, as `overwriteFile` does. */
export function writeNewFile(path: string, bytes: Uint8Array): number {
  return openAndWrite(path, CREATE, bytes);
}

/** What was behind the new bytes stays: a record knows its own length. */
export function overwriteFile(path: string, bytes: Uint8Array): number {
  return openAndWrite(path, OVERWRITE, bytes);
}

/** @throws the system's error, `EEXIST` among them. */
export function openToWriteNew(path: string): number {
  return openSync(path, CREATE, FILE_MODE);
}

export function openToOverwrite(path: string): number {
  return openSync(path, OVERWRITE);
}

function openAndWrite(path: string, flags: number, bytes: Uint8Array): number {
  const fd = openSync(path, flags, FILE_MODE);
  try {
    writeFully(fd, bytes, 0);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return fd;
}

/** A write may be short; what it did not take is written again, and an end without progress is an error of the system. */
export function writeFully(fd: number, bytes: Uint8Array, position: number): void {
  let written = 0;
  while (written < bytes.byteLength)
    written += writeSync(fd, bytes, written, bytes.byteLength - written, position + written);
}

/**
 * Reads the head, and as much of the payload as comes with it.
 *
 * @param wanted - how many bytes to read at first, at most 64 KiB.
 * @throws the system's error, `ENOENT` among them.
 */
export function readRecordFile(path: string, wanted: number = scratch.length): ReadRecord | RecordFlaw {
  const fd = openSync(path, READ);
  try {
    let bytes = Buffer.from(scratch.subarray(0, readFully(fd, scratch.subarray(0, wanted), 0)));
    const needed = headEnd(bytes) ?? 0;
    if (needed > bytes.length && needed <= fstatSync(fd).size) {
      const whole = Buffer.allocUnsafe(needed);
      bytes = whole.subarray(0, readFully(fd, whole, 0));
    }
    const decoded = decodeHead(bytes);
    return isFlaw(decoded) ? decoded : { ...decoded, bytes };
  } finally {
    closeSync(fd);
  }
}

/**
 * The same; undefined if there is no such file.
 *
 * @throws BufferError as `Faults.storage` makes it.
 */
export function readIfThere(
  path: string,
  faults: Faults,
  wanted?: number,
): ReadRecord | RecordFlaw | undefined {
  try {
    return readRecordFile(path, wanted);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw faults.storage(error, "Reading the buffer");
  }
}

/** Reads a part of a file; shorter than asked for only where the file ends. */
export function readPart(path: string, position: number, length: number): Buffer {
  const fd = openSync(path, READ);
  try {
    // Not more than there is, whatever the length was said to be.
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, fstatSync(fd).size - position)));
    return bytes.subarray(0, readFully(fd, bytes, position));
  } finally {
    closeSync(fd);
  }
}

/** As many bytes as there are, up to the buffer's end. */
export function readFully(fd: number, into: Buffer, position: number): number {
  let count = 0;
  while (count < into.length) {
    const wanted = into.length - count;
    const read = readSync(fd, into, count, wanted, position + count);
    count += read;
    // A regular file gives less only where it ends.
    if (read < wanted) break;
  }
  return count;
}

/** For after the deed: what was done stays true where this fails, and whoever opens the buffer next sweeps what is left. */
export function removeIfPossible(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The disk fails, or has become read-only.
  }
}

/** The same for a descriptor, which is free in any case. */
export function closeQuietly(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // Nothing hangs on it: what must be on the disk was synced before.
  }
}
