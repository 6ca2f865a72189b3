/** A disk of a few megabytes, and somebody else who fills it up whenever anything comes free. Needs root. */

import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type FileSystem = "tmpfs" | "ext4";

export class SmallDisk {
  readonly path: string;
  readonly #folder: string;
  #filler: number | undefined;

  private constructor(folder: string, path: string) {
    this.#folder = folder;
    this.path = path;
  }

  /** Why there is none to be had here, instead of one. */
  static mount(fileSystem: FileSystem, megabytes: number): SmallDisk | string {
    if (process.getuid?.() !== 0) return `mounting ${fileSystem} needs root`;
    const folder = mkdtempSync(join(tmpdir(), "sluice-disk-"));
    const path = join(folder, "disk");
    const run = (command: string, ...args: string[]) => execFileSync(command, args, { stdio: "pipe" });
    try {
      run("mkdir", path);
      if (fileSystem === "tmpfs") run("mount", "-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", path);
      else {
        const image = join(folder, "image");
        run("truncate", "-s", `${megabytes}M`, image);
        run("mkfs.ext4", "-q", "-F", "-m", "0", image);
        run("mount", "-o", "loop", image, path);
      }
      return new SmallDisk(folder, path);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      return `${fileSystem} cannot be mounted here: ${String(error)}`;
    }
  }

  /** Takes what is free, to the last byte. */
  fill(): void {
    this.#filler ??= openSync(join(this.path, "filler"), "a");
    for (const bytes of [1024 * 1024, 64 * 1024, 4096, 512, 1]) {
      try {
        for (;;) writeSync(this.#filler, Buffer.alloc(bytes, "x"));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      }
    }
  }

  /** Gives back what was filled. */
  free(): void {
    if (this.#filler !== undefined) closeSync(this.#filler);
    this.#filler = undefined;
    rmSync(join(this.path, "filler"), { force: true });
  }

  [Symbol.dispose](): void {
    this.free();
    execFileSync("umount", [this.path]);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
