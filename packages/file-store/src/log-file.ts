/** One log file, as one handle has it open: reads records on from where it stands, and appends. */

import { closeSync, fsync, openSync } from "node:fs";
import { promisify } from "node:util";
import type { Faults } from "./faults.js";
import { type Encoded, Filler, type LogRecord, PREFIX_BYTES, WORD_BYTES } from "./log-record.js";
import { READ_WRITE, readFully, writeFully } from "./record-file.js";
import { syncNow } from "./shared-sync.js";

/** What a segment says of its log file. */
export interface LogShape {
  /** The word that it is filled with, in hexadecimal digits. */
  readonly filler: string;
  readonly bytes: number;
  /** Where its first record stands: behind the bytes of items that were taken along. */
  readonly begin: number;
}

const fsyncAsync = promisify(fsync);

const FIRST_READ_BYTES = 1024;
const READ_BYTES_MAX = 64 * 1024;
const SCAN_BYTES = 1024 * 1024;

export class LogFile {
  readonly path: string;
  readonly bytes: number;
  /** Where the next record stands. */
  end: number;
  readonly #faults: Faults;
  readonly #fd: number;
  readonly #filler: Filler;
  // What was read last: `#length` bytes from `#at` on.
  readonly #window: Buffer;
  #at = 0;
  #length = 0;
  #readBytes = FIRST_READ_BYTES;
  /** How long the last sync took. */
  syncMs = 0;
  #synced = 0;
  #holders = 0;
  #isClosed = false;

  /** @throws the system's error, `ENOENT` among them. */
  constructor(
    path: string,
    { filler, bytes, begin }: LogShape,
    faults: Faults,
    window: Buffer = newWindow(),
  ) {
    this.path = path;
    this.bytes = bytes;
    this.end = begin;
    this.#filler = new Filler(Buffer.from(filler, "hex"));
    this.#window = window;
    this.#faults = faults;
    this.#fd = openSync(path, READ_WRITE);
  }

  /** For the file that the log goes on in. */
  get window(): Buffer {
    return this.#window;
  }

  /** Forgets what was read beyond `end`: others have written since. */
  refresh(): void {
    this.#length = 0;
  }

  /** The record at `end`, in memory that the next call writes to again; or that there is none, or nothing that makes sense. */
  read(): LogRecord | "end" | "bad" {
    let bytes = this.#window.subarray(Math.min(this.end - this.#at, this.#length), this.#length);
    if (this.#length === 0) bytes = this.#readOn(this.#readBytes);
    for (;;) {
      const found = this.#filler.decode(bytes, this.bytes - this.end);
      if (typeof found !== "number") {
        // As much as the largest took, so that one call reads the next, and that nothing follows.
        if (typeof found === "object")
          this.#readBytes = Math.min(READ_BYTES_MAX, Math.max(this.#readBytes, found.bytes + WORD_BYTES));
        return found;
      }
      bytes = this.#readOn(Math.max(found, this.#readBytes));
      // The file is shorter than it was made.
      if (bytes.length < found) return "bad";
    }
  }

  encode(head: unknown, items: readonly Uint8Array[]): Encoded {
    return this.#filler.encode(head, items, this.#synced);
  }

  /**
   * Writes the bytes of `encode` at `end`, which stays where it is.
   *
   * @throws the system's error: then nothing was appended. BufferError `STORAGE_FAILED`, effect unknown, if that cannot be told.
   */
  append(record: Buffer): void {
    this.refresh();
    try {
      writeFully(this.#fd, record, this.end);
    } catch (error) {
      try {
        // Whole all the same: somebody may have read it already.
        if (typeof this.read() === "object") return;
        this.restore();
      } catch (cause) {
        const message = "A commit was written in part, and whether it stands cannot be told";
        throw this.#faults.of("STORAGE_FAILED", message, { effect: "unknown", cause });
      }
      throw error;
    }
  }

  readAt(position: number, length: number): Buffer {
    // Not more than there is, whatever the length was said to be.
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, this.bytes - position)));
    return bytes.subarray(0, readFully(this.#fd, bytes, position));
  }

  /** Whether what stands at `end` is the beginning of a record whose writer was killed: filler is all that follows it. */
  isTorn(): boolean {
    const prefix = this.readAt(this.end, PREFIX_BYTES);
    if (prefix.length < PREFIX_BYTES) return false;
    const whole = this.#filler.lengthOf(prefix) ?? PREFIX_BYTES + WORD_BYTES;
    const last = this.#lastWritten();
    return last !== undefined && last < this.end + whole - WORD_BYTES;
  }

  /** Makes what stands at `end` and behind it filler again: from behind, so that it is known as torn until it is done. */
  restore(): void {
    const last = this.#lastWritten() ?? this.bytes - WORD_BYTES;
    this.refresh();
    for (let to = last + WORD_BYTES; to > this.end; ) {
      const from = Math.max(this.end, to - SCAN_BYTES);
      writeFully(this.#fd, Buffer.alloc(to - from, this.#filler.word), from);
      to = from;
    }
  }

  /** Whether a record behind `end` says that the disk had what stands at `end`: then no power cut has torn that. */
  provesSynced(): boolean {
    const rest = this.readAt(this.end, this.bytes - this.end);
    for (let at = WORD_BYTES; at + PREFIX_BYTES <= rest.length; at += WORD_BYTES) {
      const found = this.#filler.decode(rest.subarray(at), rest.length - at);
      if (typeof found === "object" && found.synced > this.end) return true;
    }
    return false;
  }

  /** Resolves when all that was appended before this call is on the disk. */
  async sync(): Promise<void> {
    const { end } = this;
    if (this.#synced >= end) return;
    const start = performance.now();
    await fsyncAsync(this.#fd);
    this.syncMs = performance.now() - start;
    this.#synced = Math.max(this.#synced, end);
  }

  syncNow(): void {
    syncNow(this.#fd, this.#faults);
  }

  /** A call is still to sync it: it stays open, also when it is closed, until that is given up. */
  hold(): this {
    this.#holders += 1;
    return this;
  }

  letGo(): void {
    this.#holders -= 1;
    if (this.#isClosed && this.#holders === 0) closeSync(this.#fd);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#holders === 0) closeSync(this.#fd);
  }

  #readOn(bytes: number): Buffer {
    this.#at = this.end;
    if (bytes > this.#window.length) {
      // One that large is read by itself.
      this.#length = 0;
      return this.readAt(this.end, bytes);
    }
    this.#length = readFully(this.#fd, this.#window.subarray(0, bytes), this.end);
    return this.#window.subarray(0, this.#length);
  }

  // Position of the last word from `end` on that is not filler; undefined if the file is shorter than it should be.
  #lastWritten(): number | undefined {
    for (let to = this.bytes; to > this.end; ) {
      const from = Math.max(this.end, to - SCAN_BYTES);
      const part = this.readAt(from, to - from);
      if (part.length < to - from) return undefined;
      for (let at = part.length - WORD_BYTES; at >= 0; at -= WORD_BYTES) {
        if (!this.#filler.isFiller(part, at)) return from + at;
      }
      to = from;
    }
    return this.end - WORD_BYTES;
  }
}

function newWindow(): Buffer {
  return Buffer.allocUnsafeSlow(READ_BYTES_MAX);
}
