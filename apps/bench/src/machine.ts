/** What the figures were taken on: without it they cannot be compared with anything. */

import { readFileSync, statfsSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem, type } from "node:os";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly architecture: string;
  readonly node: string;
  /** Of the directory that the buffers were in. */
  readonly fileSystem: string;
  readonly date: string;
}

export function describeMachine(directory: string): Machine {
  return {
    cpu: (cpus()[0]?.model ?? "unknown").replaceAll(/\s+/g, " ").trim(),
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    system: `${type()} ${release()}`,
    architecture: process.arch,
    node: process.version,
    fileSystem: fileSystemOf(directory),
    date: new Date().toISOString(),
  };
}

/** Whether what is written there never reaches a disk. */
export function isInMemory(fileSystem: string): boolean {
  return fileSystem === "tmpfs" || fileSystem === "ramfs";
}

function fileSystemOf(directory: string): string {
  try {
    return nameFromMounts(readFileSync("/proc/self/mounts", "utf8"), directory);
  } catch {
    // Not Linux: the number that the system has for it, which can be looked up.
    return `type 0x${statfsSync(directory).type.toString(16)}`;
  }
}

// The mount whose path is the longest one above the directory; of two at the same path the later one covers the other.
function nameFromMounts(mounts: string, directory: string): string {
  let found = { at: "", name: "unknown" };
  for (const line of mounts.split("\n")) {
    const [, path = "", name = ""] = line.split(" ");
    const at = path.replaceAll(/\\(\d{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    const isAbove = at === "/" || directory === at || directory.startsWith(`${at}/`);
    if (isAbove && at.length >= found.at.length) found = { at, name };
  }
  return found.name;
}
