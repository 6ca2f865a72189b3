/** What strace wrote of a process, call by call: only what changes files, or says when they are on the disk. */

/** Those that have to be seen. With a question mark: not every machine has it. */
export const TRACED: readonly string[] = [
  ...["openat", "write", "pwrite64", "writev", "pwritev", "pwritev2", "lseek", "ftruncate", "truncate"],
  ...["fallocate", "fsync", "fdatasync", "sync", "syncfs", "linkat", "renameat2", "unlinkat", "mkdirat"],
  ...["?open", "?creat", "?link", "?rename", "?renameat", "?unlink", "?mkdir", "?rmdir"],
  // What cannot be followed, and is refused.
  ...["mmap", "copy_file_range", "sendfile", "splice", "symlinkat", "mknodat", "?symlink", "?mknod"],
];

/** Data whole, texts and paths in hexadecimal digits, so that nothing in them is taken for syntax. */
export const STRACE_OPTIONS: readonly string[] = ["-y", "-xx", "-s", String(64 * 1024 * 1024)];

export interface TracedCall {
  readonly call: string;
  /** Lines of the log at which it began and had ended; they order all calls of all threads. */
  readonly begin: number;
  readonly end: number;
  /** As strace writes them, but for the vector of a gathering write: that is `data`. */
  readonly args: readonly string[];
  /** Of what it wrote, as much as the system took. */
  readonly data: Buffer | undefined;
  readonly result: number;
  /** What strace says of the result: the path of a new descriptor. */
  readonly about: string;
}

/** @returns those that succeeded, in the order in which they ended. One that never ended had no effect that anybody saw. */
export function tracedCalls(log: string): TracedCall[] {
  const open = new Map<string, { readonly text: string; readonly begin: number }>();
  const calls: TracedCall[] = [];
  for (const [line, whole] of log.split("\n").entries()) {
    const [, thread = "", text = ""] = /^(\d+)\s+(.*)$/.exec(whole) ?? [];
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(text)?.[1];
    if (text.endsWith("<unfinished ...>")) {
      open.set(thread, { text: text.slice(0, -"<unfinished ...>".length).trimEnd(), begin: line });
    } else if (resumed !== undefined) {
      const before = open.get(thread);
      if (before !== undefined) add(before.text + resumed, before.begin, line);
      open.delete(thread);
    } else add(text, line, line);
  }
  return calls;

  function add(text: string, begin: number, end: number): void {
    const closing = text.lastIndexOf(") ");
    const [, result, about = ""] = /^\)\s+= (-?\d+|0x[0-9a-f]+)(.*)$/.exec(text.slice(closing)) ?? [];
    const opening = text.indexOf("(");
    if (closing < 0 || opening < 0 || result === undefined || result.startsWith("-")) return;
    if (text.includes('"...')) throw new Error(`strace has cut a text off: ${text.slice(0, 80)}`);
    const call = text.slice(0, opening);
    const inside = text.slice(opening + 1, closing);
    const number = Number(result);
    const written = WRITES.has(call) ? dataIn(inside).subarray(0, number) : undefined;
    const args = (written === undefined ? inside : inside.replace(/\[.*\]|"[^"]*"/, "data")).split(", ");
    calls.push({ call, begin, end, args, data: written, result: number, about });
  }
}

const WRITES: ReadonlySet<string> = new Set(["write", "pwrite64", "writev", "pwritev", "pwritev2"]);

function dataIn(inside: string): Buffer {
  const texts = [...inside.matchAll(/"([^"]*)"/g)].map(([, text = ""]) => bytesIn(text));
  return Buffer.concat(texts);
}

function bytesIn(text: string): Buffer {
  return Buffer.from(text.replaceAll("\\x", ""), "hex");
}

/** A path among the arguments: `"\x2f"`. */
export function pathIn(arg: string | undefined): string | undefined {
  const text = /^"([^"]*)"$/.exec(arg ?? "")?.[1];
  return text === undefined ? undefined : bytesIn(text).toString();
}

/** A descriptor among the arguments, or in a result: `18<\x2f>`. */
export function descriptorIn(arg: string | undefined): { readonly fd: number; readonly path: string } {
  const [, fd, path = ""] = /^(\d+|AT_FDCWD)(?:<([^>]*)>)?/.exec(arg ?? "") ?? [];
  return { fd: fd === "AT_FDCWD" || fd === undefined ? -1 : Number(fd), path: bytesIn(path).toString() };
}
