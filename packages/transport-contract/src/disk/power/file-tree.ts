/** Files and directories as they lie in a directory: read from it, written to it, compared. */

import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Random } from "@sluice/history-checker/random";
import { drawn } from "../../kit/drawn.js";

interface FileNode {
  readonly kind: "file";
  readonly mode: number;
  readonly bytes: Buffer;
}

export interface DirectoryNode {
  readonly kind: "directory";
  readonly mode: number;
  readonly entries: ReadonlyMap<string, TreeNode>;
}

/** Two names of one file are one object. */
export type TreeNode = FileNode | DirectoryNode;

export function readTree(path: string): DirectoryNode {
  const known = new Map<number, FileNode>();
  const read = (at: string): TreeNode => {
    const stat = lstatSync(at);
    const mode = stat.mode & 0o7777;
    if (stat.isDirectory()) {
      const entries = readdirSync(at).map((name) => [name, read(join(at, name))] as const);
      return { kind: "directory", mode, entries: new Map(entries) };
    }
    const node = known.get(stat.ino) ?? {
      kind: "file",
      mode,
      bytes: stat.isFile() ? readFileSync(at) : Buffer.alloc(0),
    };
    known.set(stat.ino, node);
    return node;
  };
  return read(path) as DirectoryNode;
}

/**
 * In the place of all that lies in the directory, which stays itself. Names are made in an order that is drawn: it is the one in
 * which some file systems list them, and nobody may count on one.
 */
export function writeTree(path: string, { entries }: DirectoryNode, random: Random): void {
  emptyDirectory(path);
  const known = new Map<FileNode, string>();
  const write = (at: string, node: TreeNode): void => {
    const before = node.kind === "file" ? known.get(node) : undefined;
    if (before !== undefined) linkSync(before, at);
    else if (node.kind === "file") {
      writeFileSync(at, node.bytes);
      known.set(node, at);
    } else {
      mkdirSync(at, { mode: 0o700 });
      for (const [name, one] of drawn([...node.entries], random)) write(join(at, name), one);
    }
    chmodSync(at, node.mode);
  };
  for (const [name, one] of drawn([...entries], random)) write(join(path, name), one);
}

export function emptyDirectory(path: string): void {
  for (const name of readdirSync(path)) rmSync(join(path, name), { recursive: true, force: true });
}

/** The first path at which they are not the same; undefined where there is none. */
export function differenceOf(one: TreeNode, other: TreeNode, path = ""): string | undefined {
  if (one.kind === "file" || other.kind === "file") {
    const isSame = one.kind === "file" && other.kind === "file" && one.bytes.equals(other.bytes);
    return isSame ? undefined : path;
  }
  for (const name of new Set([...one.entries.keys(), ...other.entries.keys()])) {
    const [a, b] = [one.entries.get(name), other.entries.get(name)];
    const found =
      a === undefined || b === undefined ? join(path, name) : differenceOf(a, b, join(path, name));
    if (found !== undefined) return found;
  }
  return undefined;
}
