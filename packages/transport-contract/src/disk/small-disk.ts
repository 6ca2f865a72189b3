/** A disk of some megabytes that only one child process sees: a tmpfs in a mount namespace of its own. */

import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RuleContext } from "../kit/context.js";
import { passingFolder, temporaryFolder } from "../kit/temporary-folder.js";
import { lastSaid } from "../processes/last-said.js";
import { spawnOwned } from "../processes/owned-child.js";

/** As root, or, where the kernel lets everybody, as the root of a user namespace of one's own. */
const WAYS: readonly (readonly string[])[] = [["-m"], ["-rm"]];

/**
 * $1: where to mount; $2: the directory that is to lie on it; $3: its size; $4: the file that says which boot of the machine it is,
 * or nothing; the rest is run there.
 */
const SCRIPT = `set -e
mount -t tmpfs -o "size=$3,mode=700" tmpfs "$1"
mkdir -m 700 "$1/directory"
mount --bind "$1/directory" "$2"
if [ -n "$4" ]; then mount --bind "$4" /proc/sys/kernel/random/boot_id; fi
shift 4
exec "$@"`;

interface Probed {
  readonly way?: readonly string[];
  readonly reason?: string;
}

const probed: { disk?: Probed; boots?: Probed } = {};

/** Why no disk can be mounted here; undefined if it can. Looked at once. */
export function smallDiskReason(): string | undefined {
  probed.disk ??= probe(false);
  return probed.disk.reason;
}

/** Why no process can be made to see another boot of the machine, on a disk of its own; undefined if it can. Looked at once. */
export function otherBootReason(): string | undefined {
  probed.boots ??= probe(true);
  return probed.boots.reason;
}

function probe(seesBoot: boolean): Probed {
  if (process.platform !== "linux") return { reason: `there is no tmpfs on ${process.platform}` };
  const { path, remove } = passingFolder("sluice-disk-");
  try {
    const [disk, directory] = [join(path, "disk"), join(path, "directory")];
    const boot = seesBoot ? join(path, "boot") : "";
    if (seesBoot) writeFileSync(boot, "");
    for (const one of [disk, directory]) mkdirSync(one);
    let said = "";
    for (const way of WAYS) {
      const run = ["unshare", ...way, "sh", "-c", SCRIPT, "sh", disk, directory, "1m", boot, "true"];
      const { error, status, stderr } = spawnSync(run[0] as string, run.slice(1), { encoding: "utf8" });
      if (error === undefined && status === 0) return { way };
      said = error?.message ?? stderr.trim();
    }
    return { reason: `${seesBoot ? "no file of /proc" : "no tmpfs"} can be mounted here: ${said}` };
  } finally {
    remove();
  }
}

export interface OnSmallDisk {
  /** Module that is run there. */
  readonly main: URL;
  /** Seen on the disk, under its own path. */
  readonly directory: string;
  readonly bytes: number;
  /** File whose text is what the process, and those that it starts later, read of the boot of the machine. */
  readonly boot?: string;
  /** @param disk - where the disk is mounted. */
  env(disk: string): Readonly<Record<string, string>>;
}

/** @returns what the child process said at its end, as JSON; or, as `fault`, how it ended. */
export async function onSmallDisk(
  t: RuleContext,
  { main, directory, bytes, boot, env }: OnSmallDisk,
): Promise<unknown> {
  const folder = temporaryFolder(t, "sluice-disk-");
  const module = fileURLToPath(main);
  const way = (boot === undefined ? probed.disk : probed.boots)?.way ?? ["-m"];
  const script = ["sh", "-c", SCRIPT, "sh", folder, directory, String(bytes), boot ?? ""];
  // With its process its mounts are gone.
  const { child, end, kill } = spawnOwned("unshare", [...way, ...script, process.execPath, module], {
    env: { ...process.env, ...env(folder) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  t.hold(kill);
  const said = lastSaid(child.stderr);
  let out = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  const closed = once(child, "close");
  const { code, signal } = await end;
  await closed;
  const last = out.trim().split("\n").at(-1) ?? "";
  if (code === 0 && last.startsWith("{")) return JSON.parse(last);
  return { fault: `The process ended with ${code ?? signal}: ${said()}` };
}
