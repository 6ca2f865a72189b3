/**
 * From system calls to changes of files and directories, each with the time from which the disk must have it.
 *
 * Taken for promised is what POSIX and fsync(2) promise, and no more: a sync of a file is one of its bytes and its length, not
 * of its names; a sync of a directory is one of the names in it. So a file system may write changes in any order, as btrfs and f2fs
 * do with what was synced and ext4 does with bytes; what ext4 promises besides, that names reach the disk in their order, is
 * not relied upon. A change of names is had whole or not at all: a rename is never half done, as on all that keep a journal.
 */

import { posix } from "node:path";
import { Unable } from "../../rule.js";
import type { DirectoryNode, TreeNode } from "./file-tree.js";
import { descriptorIn, pathIn, type TracedCall } from "./traced-calls.js";

/** A file or directory by its number, whatever names it has. */
export interface Inode {
  readonly kind: "file" | "directory";
  readonly mode: number;
  /** As it was on the disk before the first call. */
  readonly bytes: Buffer;
  readonly entries: ReadonlyMap<string, number>;
}

interface Timed {
  /** Line of the log at which its call began, and had ended. */
  readonly begin: number;
  readonly end: number;
  /** Line from which on the disk has it: the end of a sync that began after it. */
  durable: number;
  /** For a message. */
  readonly text: string;
}

type Bare =
  | { readonly kind: "bytes"; readonly inode: number; readonly offset: number; readonly bytes: Buffer }
  | { readonly kind: "length"; readonly inode: number; readonly length: number }
  /** `of` is the directory whose sync is one of it. */
  | { readonly kind: "names"; readonly of: number; readonly names: readonly NameChange[] };

export type Change = Timed & Bare;

export interface NameChange {
  readonly directory: number;
  readonly name: string;
  /** Undefined: the name is taken away. */
  readonly inode: number | undefined;
}

interface OpenFile {
  readonly inode: number;
  readonly isAppending: boolean;
  /** Opened for reading too: what is read moves its position, which is not seen. */
  readonly reads: boolean;
  readonly isSynchronous: boolean;
  position: number;
}

/** The directory itself. */
export const ROOT = 0;

export class FileChanges {
  readonly inodes: Inode[] = [];
  readonly changes: Change[] = [];
  readonly #directory: string;
  // As the process sees it: names, and how long each file is.
  readonly #entries = new Map<number, Map<string, number>>();
  readonly #lengths = new Map<number, number>();
  readonly #open = new Map<number, OpenFile>();
  readonly #follows: Readonly<Record<string, (traced: TracedCall, args: TracedCall["args"]) => void>> = {
    openat: (traced, [at, path, flags, mode]) => this.#opened(traced, this.#path(path, at), flags, mode),
    open: (traced, [path, flags, mode]) => this.#opened(traced, this.#path(path), flags, mode),
    creat: (traced, [path, mode]) => this.#opened(traced, this.#path(path), "O_CREAT|O_TRUNC", mode),
    write: (traced) => this.#wrote(traced, undefined),
    writev: (traced) => this.#wrote(traced, undefined),
    pwrite64: (traced, args) => this.#wrote(traced, Number(args[3])),
    pwritev: (traced, args) => this.#wrote(traced, Number(args[3])),
    pwritev2: (traced, args) => this.#wrote(traced, args[3] === "-1" ? undefined : Number(args[3])),
    lseek: (traced, [fd]) => this.#sought(traced, fd),
    ftruncate: (traced, [fd, length]) => this.#setLength(traced, this.#fileAt(fd)?.inode, Number(length)),
    truncate: (traced, [path, length]) =>
      this.#setLength(traced, this.#find(this.#path(path)), Number(length)),
    fallocate: (traced) => this.#allocated(traced),
    fsync: (traced, [fd]) => this.#synced(traced, this.#fileAt(fd)?.inode),
    fdatasync: (traced, [fd]) => this.#synced(traced, this.#fileAt(fd)?.inode),
    sync: (traced) => this.#synced(traced, "all"),
    syncfs: (traced) => this.#synced(traced, "all"),
    link: (traced, [from, to]) => this.#linked(traced, this.#path(from), this.#path(to)),
    linkat: (traced, [a, from, b, to]) => this.#linked(traced, this.#path(from, a), this.#path(to, b)),
    rename: (traced, [from, to]) => this.#renamed(traced, this.#path(from), this.#path(to)),
    renameat: (traced, [a, from, b, to]) => this.#renamed(traced, this.#path(from, a), this.#path(to, b)),
    renameat2: (traced, [a, from, b, to]) => this.#renamed(traced, this.#path(from, a), this.#path(to, b)),
    unlink: (traced, [path]) => this.#unlinked(traced, this.#path(path)),
    rmdir: (traced, [path]) => this.#unlinked(traced, this.#path(path)),
    unlinkat: (traced, [at, path]) => this.#unlinked(traced, this.#path(path, at)),
    mkdir: (traced, [path, mode]) => this.#made(traced, this.#path(path), mode),
    mkdirat: (traced, [at, path, mode]) => this.#made(traced, this.#path(path, at), mode),
  };

  /** @param base - what lay in the directory before the first call, all of it on the disk. */
  constructor(directory: string, base: DirectoryNode) {
    this.#directory = directory;
    const known = new Map<TreeNode, number>();
    const add = (node: TreeNode): number => {
      const before = known.get(node);
      if (before !== undefined) return before;
      const number = this.#newInode(node.kind, node.mode, node.kind === "file" ? node.bytes : undefined);
      known.set(node, number);
      if (node.kind === "directory") {
        const entries = new Map([...node.entries].map(([name, one]) => [name, add(one)]));
        this.inodes[number] = { ...(this.inodes[number] as Inode), entries };
        this.#entries.set(number, new Map(entries));
      }
      return number;
    };
    add(base);
  }

  /** @throws Unable for what cannot be followed. */
  add(traced: TracedCall): void {
    const follow = this.#follows[traced.call];
    if (follow === undefined) this.#refuse(traced);
    else follow(traced, traced.args);
  }

  #newInode(kind: Inode["kind"], mode: number, bytes: Buffer = Buffer.alloc(0)): number {
    const number = this.inodes.push({ kind, mode, bytes, entries: new Map() }) - 1;
    if (kind === "directory") this.#entries.set(number, new Map());
    else this.#lengths.set(number, bytes.length);
    return number;
  }

  /**
   * Below the directory, from it on: `["buffer", "log.0"]`; undefined for what lies elsewhere.
   *
   * @param at - the directory that the path goes out from: a descriptor. Default: where the process is.
   */
  #path(arg: string | undefined, at?: string): string[] | undefined {
    const path = pathIn(arg);
    const from = at === undefined ? process.cwd() : descriptorIn(at).path;
    return path === undefined ? undefined : this.#below(posix.resolve(from, path));
  }

  #below(path: string): string[] | undefined {
    if (path === this.#directory) return [];
    const isBelow = path.startsWith(`${this.#directory}/`);
    return isBelow ? path.slice(this.#directory.length + 1).split("/") : undefined;
  }

  #find(path: readonly string[] | undefined): number | undefined {
    let at: number | undefined = path === undefined ? undefined : ROOT;
    for (const name of path ?? []) at = at === undefined ? undefined : this.#entries.get(at)?.get(name);
    return at;
  }

  #fileAt(arg: string | undefined): OpenFile | undefined {
    const { fd, path } = descriptorIn(arg);
    // Number of something else since, which was not seen to be opened.
    if (this.#below(path) === undefined) return undefined;
    const file = this.#open.get(fd);
    // A copy of another: what is written or synced by it would count for nothing.
    if (file === undefined)
      throw new Unable("it uses a descriptor that was not seen to be opened, which is not followed");
    return file;
  }

  #change(traced: TracedCall, text: string, what: Bare): Change {
    const { begin, end } = traced;
    const change: Change = { ...what, begin, end, durable: Infinity, text };
    this.changes.push(change);
    if (what.kind !== "names") return change;
    for (const { directory, name, inode } of what.names) {
      const entries = this.#entries.get(directory);
      if (inode === undefined) entries?.delete(name);
      else entries?.set(name, inode);
    }
    return change;
  }

  #opened(traced: TracedCall, path: string[] | undefined, flags = "", mode?: string): void {
    const { fd } = descriptorIn(`${traced.result}${traced.about.trim()}`);
    this.#open.delete(fd);
    if (path === undefined) return;
    const name = path.join("/");
    let inode = this.#find(path);
    if (inode === undefined) {
      const directory = this.#find(path.slice(0, -1));
      if (directory === undefined || !flags.includes("O_CREAT")) return;
      inode = this.#newInode("file", modeIn(mode));
      const names = [{ directory, name: path.at(-1) as string, inode }];
      this.#change(traced, `create ${name}`, { kind: "names", of: directory, names });
    } else if (flags.includes("O_TRUNC") && (this.#lengths.get(inode) ?? 0) > 0)
      this.#setLength(traced, inode, 0, name);
    this.#open.set(fd, {
      inode,
      isAppending: flags.includes("O_APPEND"),
      reads: flags.includes("O_RDWR"),
      isSynchronous: flags.includes("O_SYNC") || flags.includes("O_DSYNC"),
      position: 0,
    });
  }

  #wrote(traced: TracedCall, at: number | undefined): void {
    const file = this.#fileAt(traced.args[0]);
    const bytes = traced.data;
    if (file === undefined || bytes === undefined || bytes.length === 0) return;
    const length = this.#lengths.get(file.inode) ?? 0;
    if (at === undefined && file.reads && !file.isAppending)
      throw new Unable("it reads and writes by one descriptor without saying where, which is not followed");
    const offset = file.isAppending ? length : (at ?? file.position);
    if (at === undefined) file.position = offset + bytes.length;
    this.#lengths.set(file.inode, Math.max(length, offset + bytes.length));
    const text = `write ${bytes.length} bytes at ${offset} of ${this.#nameOf(traced.args[0])}`;
    const change = this.#change(traced, text, { kind: "bytes", inode: file.inode, offset, bytes });
    if (file.isSynchronous) change.durable = traced.end;
  }

  #sought({ result }: TracedCall, fd: string | undefined): void {
    const file = this.#fileAt(fd);
    if (file !== undefined) file.position = result;
  }

  #setLength(traced: TracedCall, inode: number | undefined, length: number, name?: string): void {
    if (inode === undefined) return;
    this.#lengths.set(inode, length);
    const text = `make ${name ?? this.#nameOf(traced.args[0])} ${length} bytes long`;
    this.#change(traced, text, { kind: "length", inode, length });
  }

  #allocated(traced: TracedCall): void {
    const file = this.#fileAt(traced.args[0]);
    if (file === undefined) return;
    const [, mode = "", offset, bytes] = traced.args;
    if (mode === "0" || mode === "0x0") {
      const end = Number(offset) + Number(bytes);
      if (end > (this.#lengths.get(file.inode) ?? 0)) this.#setLength(traced, file.inode, end);
    } else if (!/^(FALLOC_FL_)?KEEP_SIZE$/.test(mode))
      throw new Unable(`it calls fallocate with ${mode}, which is not followed`);
  }

  #synced({ begin, end }: TracedCall, what: number | "all" | undefined): void {
    if (what === undefined) return;
    for (const change of this.changes) {
      const of = change.kind === "names" ? change.of : change.inode;
      if ((what === "all" || of === what) && change.end < begin)
        change.durable = Math.min(change.durable, end);
    }
  }

  #linked(traced: TracedCall, from: string[] | undefined, to: string[] | undefined): void {
    const inode = this.#find(from);
    const directory = this.#find(to?.slice(0, -1));
    if (to === undefined) return;
    if (from === undefined || inode === undefined || directory === undefined) throw strayed("links");
    const names = [{ directory, name: to.at(-1) as string, inode }];
    const text = `link ${from.join("/")} to ${to.join("/")}`;
    this.#change(traced, text, { kind: "names", of: directory, names });
  }

  #renamed(traced: TracedCall, from: string[] | undefined, to: string[] | undefined): void {
    if (from === undefined && to === undefined) return;
    if (traced.args[4]?.includes("EXCHANGE") === true)
      throw new Unable("it exchanges names, which is not followed");
    const inode = this.#find(from);
    const [source, target] = [this.#find(from?.slice(0, -1)), this.#find(to?.slice(0, -1))];
    if (from === undefined || to === undefined) throw strayed("renames");
    if (inode === undefined || source === undefined || target === undefined) throw strayed("renames");
    // Two names of one file: nothing happens.
    if (this.#find(to) === inode) return;
    const names = [
      { directory: source, name: from.at(-1) as string, inode: undefined },
      { directory: target, name: to.at(-1) as string, inode },
    ];
    const text = `rename ${from.join("/")} to ${to.join("/")}`;
    this.#change(traced, text, { kind: "names", of: target, names });
  }

  #unlinked(traced: TracedCall, path: string[] | undefined): void {
    const directory = this.#find(path?.slice(0, -1));
    if (path === undefined || directory === undefined) return;
    const names = [{ directory, name: path.at(-1) as string, inode: undefined }];
    this.#change(traced, `remove ${path.join("/")}`, { kind: "names", of: directory, names });
  }

  #made(traced: TracedCall, path: string[] | undefined, mode: string | undefined): void {
    const directory = this.#find(path?.slice(0, -1));
    if (path === undefined || directory === undefined) return;
    const inode = this.#newInode("directory", modeIn(mode));
    const names = [{ directory, name: path.at(-1) as string, inode }];
    this.#change(traced, `make directory ${path.join("/")}`, { kind: "names", of: directory, names });
  }

  #refuse({ call, args }: TracedCall): void {
    const named = args.map((arg) => pathIn(arg) ?? descriptorIn(arg).path);
    if (!named.some((path) => this.#below(path) !== undefined)) return;
    if (call !== "mmap") throw new Unable(`it calls ${call} on its files, which is not followed`);
    const isWritten = args[3]?.includes("MAP_SHARED") === true && args[2]?.includes("PROT_WRITE") === true;
    if (isWritten)
      throw new Unable("it writes to its files through mapped memory, which no system call shows");
  }

  #nameOf(arg: string | undefined): string {
    return (this.#below(descriptorIn(arg).path) ?? []).join("/");
  }
}

function modeIn(arg: string | undefined): number {
  const mode = Number.parseInt(arg ?? "", 8);
  return Number.isNaN(mode) ? 0o600 : mode;
}

function strayed(does: string): Unable {
  return new Unable(`it ${does} between the declared directory and others, which is not followed`);
}
