/**
 * System calls that Node does not offer: mapping a file into memory, making a FIFO, locking a file. Almost everything else about
 * them (opening, closing, reading) is Node's own `fs`, whose descriptors are closed in child processes; one that was inherited
 * would let a grandchild hold its lock.
 *
 * The calls go through koffi, which is compiled already and needs no install script. Sources: mmap(2), mkfifo(3), flock(2).
 */

import { constants } from "node:os";
import { BufferError } from "@sluice/core";

export interface NativePort {
  /**
   * Maps a file from its beginning, shared with every process that maps it, for reading and writing. The file must be
   * that long already and must stay so: touching a part that was cut off ends the process.
   *
   * The mapping ends when nobody refers to the memory any more, not before: a view must never outlive it.
   *
   * @param fd - open for reading and writing; may be closed afterwards.
   * @param bytes - from 1 up.
   * @throws Error with `code` and `syscall`, as Node's own calls do.
   */
  map(fd: number, bytes: number): ArrayBuffer;
  /** Makes a FIFO. @throws as `map`; `EEXIST` where there is something. */
  mkfifo(path: string, mode: number): void;
  /**
   * Opens what is there, closed in child processes as Node's own descriptors are, for somebody who closes it otherwise than by
   * `fs`. A worker thread closes at its end what it opened by `fs` and did not close by it: by then the number may be that of
   * somebody else's file.
   *
   * @param flags - as of `fs.openSync`, but for `O_CREAT`.
   * @throws as `map`.
   */
  open(path: string, flags: number): number;
  /**
   * Locks an open file, or changes the lock, without waiting. The lock belongs to the open file: it ends when that is closed,
   * also by the death of the process, and stays while the process is stopped.
   *
   * @returns whether the lock was had; false if somebody else's is in the way.
   * @throws as `map`.
   */
  flock(fd: number, lock: "exclusive" | "shared" | "none"): boolean;
}

// From <fcntl.h>: Node does not tell it.
const O_CLOEXEC = process.platform === "darwin" ? 0x1000000 : 0x80000;
// From <sys/mman.h> and <sys/file.h>: the same on Linux and macOS.
const PROT_READ_WRITE = 1 | 2;
const MAP_SHARED = 1;
const FLOCK = { exclusive: 2, shared: 1, none: 8 };
const FLOCK_WITHOUT_WAITING = 4;

type Koffi = typeof import("koffi").default;

let loading: Promise<NativePort> | undefined;

/**
 * Loads the native calls, once a process.
 *
 * @throws BufferError `CAPABILITY_MISSING`, saying what to do, where koffi is not installed or cannot be loaded, and on
 * systems without these calls (Windows).
 */
export function loadNativePort(): Promise<NativePort> {
  loading ??= load().catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(): Promise<NativePort> {
  if (process.platform === "win32") throw missing("Windows has no mmap, mkfifo and flock");
  let koffi: Koffi;
  try {
    koffi = (await import("koffi")).default;
  } catch (cause) {
    const isAbsent = (cause as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND";
    const what = isAbsent
      ? "the package koffi is not installed: add it to your dependencies (`npm install koffi@3`)"
      : `the package koffi cannot be loaded on ${process.platform} ${process.arch}: ${firstLine(cause)}`;
    throw missing(what, cause);
  }
  try {
    return portOver(koffi);
  } catch (cause) {
    throw missing(`the system's C library does not answer: ${firstLine(cause)}`, cause);
  }
}

function portOver(koffi: Koffi): NativePort {
  const libc = koffi.load(null);
  // Addresses as numbers: a failed mmap returns -1, which is no pointer.
  const mmap = libc.func(
    "intptr_t mmap(void *address, size_t length, int protection, int flags, int fd, int64_t offset)",
  );
  const munmap = libc.func("int munmap(intptr_t address, size_t length)");
  const mkfifo = libc.func("int mkfifo(const char *path, uint32_t mode)");
  const open = libc.func("int open(const char *path, int flags, ...)");
  const flock = libc.func("int flock(int fd, int operation)");

  const failure = (syscall: string, path?: string): NodeJS.ErrnoException => {
    const errno = koffi.errno();
    const code = Object.entries(constants.errno).find(([, number]) => number === errno)?.[0] ?? `E${errno}`;
    const where = path === undefined ? "" : ` '${path}'`;
    return Object.assign(new Error(`${code}: ${syscall}${where}`), { code, errno: -errno, syscall });
  };

  const unmapWhenUnused = new FinalizationRegistry<{ address: number; bytes: number }>(
    ({ address, bytes }) => void munmap(address, bytes),
  );

  return Object.freeze<NativePort>({
    map(fd, bytes) {
      const address = Number(mmap(null, bytes, PROT_READ_WRITE, MAP_SHARED, fd, 0));
      if (address === -1) throw failure("mmap");
      const memory = koffi.view(BigInt(address), bytes);
      unmapWhenUnused.register(memory, { address, bytes });
      return memory;
    },
    mkfifo(path, mode) {
      if (mkfifo(path, mode) !== 0) throw failure("mkfifo", path);
    },
    open(path, flags) {
      const fd = open(path, flags | O_CLOEXEC);
      if (fd === -1) throw failure("open", path);
      return fd;
    },
    flock(fd, lock) {
      if (flock(fd, FLOCK[lock] | FLOCK_WITHOUT_WAITING) === 0) return true;
      if (koffi.errno() === constants.errno.EWOULDBLOCK) return false;
      throw failure("flock");
    },
  });
}

function missing(what: string, cause?: unknown): BufferError {
  return new BufferError("CAPABILITY_MISSING", `Native calls are needed here, but ${what}`, { cause });
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split("\n")[0] ?? "";
}
