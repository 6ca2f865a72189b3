/** The buffer's files as they are now, to be put back again and again with one of them damaged. */

import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Random } from "@sluice/history-checker/random";
import { shapeOf } from "./shape.js";
import { someOf } from "./strace.js";

export class Snapshot {
  readonly #directory: string;
  readonly #copy: string;
  /** Of what lies there now, as it was put there: what is still like that need not be put back. */
  readonly #there: Map<string, string> = new Map();

  /** @param copy - an empty folder, for what the files are now. */
  constructor(directory: string, copy: string) {
    this.#directory = directory;
    this.#copy = copy;
    cpSync(directory, this.#copy, { recursive: true });
    // Which some Nodes give to directories as to any new one: an adapter may refuse one that others can look into.
    for (const name of namesIn(directory)) {
      const stat = lstatSync(join(directory, name));
      if (stat.isDirectory()) chmodSync(join(this.#copy, name), stat.mode);
    }
  }

  /** Relative paths of the files that have something in them. */
  files(): string[] {
    return namesIn(this.#copy).filter((name) => {
      const stat = lstatSync(join(this.#copy, name));
      return stat.isFile() && stat.size > 0;
    });
  }

  bytes(file: string): Buffer {
    return readFileSync(join(this.#copy, file));
  }

  /** @param damaged - instead of what the file holds. */
  putBack(file: string, damaged: Uint8Array): void {
    const wanted = namesIn(this.#copy);
    const known = new Set(wanted);
    for (const name of namesIn(this.#directory).reverse()) {
      const path = join(this.#directory, name);
      if (known.has(name) && this.#there.get(name) === signature(path)) continue;
      this.#there.delete(name);
      rmSync(path, { recursive: true, force: true });
    }
    for (const name of wanted) {
      const [from, to] = [join(this.#copy, name), join(this.#directory, name)];
      if (this.#there.has(name) && existsSync(to)) continue;
      if (lstatSync(from).isDirectory()) mkdirSync(to, { mode: lstatSync(from).mode, recursive: true });
      else copyFileSync(from, to);
      this.#there.set(name, signature(to));
    }
    writeFileSync(join(this.#directory, file), damaged);
    this.#there.delete(file);
  }
}

/** A folder before what is in it. */
function namesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" }).sort();
}

/** Of a folder: its being there is all. */
function signature(path: string): string {
  const { ino, size, mtimeMs, ctimeMs, mode } = lstatSync(path);
  return lstatSync(path).isDirectory() ? `folder ${ino}` : `${ino} ${size} ${mtimeMs} ${ctimeMs} ${mode}`;
}

/** One way to damage a file. */
export interface Damage {
  readonly file: string;
  /** What kind of file it is: its name without numbers. */
  readonly shape: string;
  /** Where it is cut off, or which byte is changed. */
  readonly offset: number;
  /** Which bit is turned over. */
  readonly bit?: number;
}

/** So long is what is looked at bit by bit: a file's beginning says most about it. */
const HEADER_BYTES = 64;

/**
 * Zeros at a file's end hold nothing: behind the first of them nothing is damaged, nor where a file goes on for megabytes.
 * Names of the same shape are taken for files of the same kind, and each kind is met as often.
 */
export function damages(snapshot: Snapshot, how: "cut" | "turn", count: number, random: Random): Damage[] {
  const all: Damage[] = [];
  for (const file of snapshot.files()) {
    const bytes = snapshot.bytes(file);
    let end = Math.min(bytes.length, 64 * 1024);
    while (end > 0 && bytes[end - 1] === 0) end--;
    end = Math.min(bytes.length, end + 16);
    const shape = shapeOf(file);
    for (let offset = 0; offset < end; offset++) {
      if (how === "cut") all.push({ file, shape, offset });
      else if (offset >= HEADER_BYTES) all.push({ file, shape, offset, bit: random.below(8) });
      else for (let bit = 0; bit < 8; bit++) all.push({ file, shape, offset, bit });
    }
  }
  return someOf(all, count, random);
}

export function damaged(bytes: Buffer, { offset, bit }: Damage): Buffer {
  if (bit === undefined) return bytes.subarray(0, offset);
  const turned = Buffer.from(bytes);
  turned.writeUInt8(turned.readUInt8(offset) ^ (1 << bit), offset);
  return turned;
}
