/** What lies on the disk after the power went: all that was synced, and of the rest some. */

import { type Change, type FileChanges, type NameChange, ROOT } from "./file-changes.js";
import type { DirectoryNode, TreeNode } from "./file-tree.js";

/** What disks write whole. */
const SECTOR_BYTES = 512;

/** What became of a change that was not synced: in `torn`, the sectors of the file that were written. */
export type Fate = "kept" | "lost" | { readonly sectors: ReadonlySet<number> };

/** The changes that were begun before that line of the log and of which the disk need not have anything. */
export function unsynced(changes: readonly Change[], line: number): Change[] {
  return changes.filter(({ begin, durable }) => begin < line && durable >= line);
}

/** @param fates - of those that were not synced; what is not there is kept. */
export function crashState(
  { inodes, changes }: FileChanges,
  line: number,
  fates: ReadonlyMap<Change, Fate>,
): DirectoryNode {
  const entries = new Map<number, Map<string, number>>();
  const bytes = new Map<number, Content>();
  const entriesOf = (inode: number): Map<string, number> => {
    const known = entries.get(inode) ?? new Map(inodes[inode]?.entries);
    entries.set(inode, known);
    return known;
  };
  const contentOf = (inode: number): Content => {
    const known = bytes.get(inode) ?? new Content(inodes[inode]?.bytes ?? Buffer.alloc(0));
    bytes.set(inode, known);
    return known;
  };
  // They are in the order of their ends: another that ended later may have begun before.
  const begun = changes.filter(({ begin }) => begin < line);
  const fateOf = (change: Change): Fate => (change.durable < line ? "kept" : (fates.get(change) ?? "kept"));
  for (const change of begun)
    if (change.kind === "names" && fateOf(change) === "kept")
      for (const one of change.names) rename(entriesOf(one.directory), one);
  // Most of the files of a long run are gone again: their bytes are nothing to anybody.
  const there = reachable(ROOT);
  for (const change of begun)
    if (change.kind !== "names" && there.has(change.inode))
      contentOf(change.inode).apply(change, fateOf(change));

  const nodes = new Map<number, TreeNode>();
  const nodeOf = (inode: number): TreeNode => {
    const before = nodes.get(inode);
    if (before !== undefined) return before;
    const { kind, mode } = inodes[inode] as FileChanges["inodes"][number];
    const node: TreeNode =
      kind === "file"
        ? { kind, mode, bytes: contentOf(inode).onDisk() }
        : { kind, mode, entries: new Map([...entriesOf(inode)].map(([name, one]) => [name, nodeOf(one)])) };
    nodes.set(inode, node);
    return node;
  };
  return nodeOf(ROOT) as DirectoryNode;

  function reachable(inode: number, seen: Set<number> = new Set()): ReadonlySet<number> {
    seen.add(inode);
    if (inodes[inode]?.kind !== "file") for (const one of entriesOf(inode).values()) reachable(one, seen);
    return seen;
  }
}

function rename(entries: Map<string, number>, { name, inode }: NameChange): void {
  if (inode === undefined) entries.delete(name);
  else entries.set(name, inode);
}

/**
 * The bytes of a file, as its processes see them and as the disk has them. What is written is a sector as it stands in memory,
 * with all that was written to it until then: no later change without the earlier ones of the same sector.
 */
class Content {
  #seen: Buffer;
  #disk: Buffer;
  #seenLength: number;
  #diskLength: number;

  constructor(bytes: Buffer) {
    this.#seen = Buffer.from(bytes);
    this.#disk = Buffer.from(bytes);
    this.#seenLength = bytes.length;
    this.#diskLength = bytes.length;
  }

  apply(change: Change & { readonly kind: "bytes" | "length" }, fate: Fate): void {
    if (change.kind === "length") {
      this.#grow(change.length);
      if (change.length < this.#seenLength) this.#seen.fill(0, change.length, this.#seenLength);
      this.#seenLength = change.length;
      if (fate !== "kept") return;
      if (change.length < this.#diskLength) this.#disk.fill(0, change.length, this.#diskLength);
      this.#diskLength = change.length;
      return;
    }
    const { offset, bytes } = change;
    const end = offset + bytes.length;
    this.#grow(end);
    bytes.copy(this.#seen, offset);
    this.#seenLength = Math.max(this.#seenLength, end);
    if (fate === "lost") return;
    if (fate === "kept") {
      const [from, to] = [
        roundedDown(offset),
        Math.min(roundedDown(end - 1) + SECTOR_BYTES, this.#seenLength),
      ];
      this.#seen.copy(this.#disk, from, from, to);
      this.#diskLength = Math.max(this.#diskLength, Math.min(to, end));
      return;
    }
    for (const sector of sectorsOf(change)) {
      if (!fate.sectors.has(sector)) continue;
      const [from, to] = [sector * SECTOR_BYTES, Math.min((sector + 1) * SECTOR_BYTES, this.#seenLength)];
      this.#seen.copy(this.#disk, from, from, to);
      this.#diskLength = Math.max(this.#diskLength, Math.min(to, end));
    }
  }

  onDisk(): Buffer {
    return this.#disk.subarray(0, this.#diskLength);
  }

  #grow(length: number): void {
    if (length <= this.#seen.length) return;
    const more = Buffer.alloc(Math.max(length, this.#seen.length * 2) - this.#seen.length);
    this.#seen = Buffer.concat([this.#seen, more]);
    this.#disk = Buffer.concat([this.#disk, more]);
  }
}

function roundedDown(offset: number): number {
  return offset - (offset % SECTOR_BYTES);
}

export function sectorsOf({ offset, bytes }: { readonly offset: number; readonly bytes: Buffer }): number[] {
  const first = Math.floor(offset / SECTOR_BYTES);
  const last = Math.floor((offset + bytes.length - 1) / SECTOR_BYTES);
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
