/** A disk of a few megabytes that only one child process sees: a tmpfs in a mount namespace of its own. */

import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RuleContext } from "../kit/context.js";
import { passingFolder, temporaryFolder } from "../kit/temporary-folder.js";
import { spawnOwned } from "../processes/owned-child.js";
import type { FullDiskJob } from "./full-disk-main.js";

/** As root, or, where the kernel lets everybody, as the root of a user namespace of one's own. */
const WAYS: readonly (readonly string[])[] = [["-m"], ["-rm"]];

/** $1: where to mount; $2: the directory that is to lie on it; $3: its size; the rest is run there. */
const SCRIPT = `set -e
mount -t tmpfs -o "size=$3,mode=700" tmpfs "$1"
mkdir -m 700 "$1/directory"
mount --bind "$1/directory" "$2"
shift 3
exec "$@"`;

let probed: { readonly way?: readonly string[]; readonly reason?: string } | undefined;

/** Why nothing can be mounted here; undefined if it can. Looked at once. */
export function smallDiskReason(): string | undefined {
  probed ??= probe();
  return probed.reason;
}

function probe(): { readonly way?: readonly string[]; readonly reason?: string } {
  if (process.platform !== "linux") return { reason: `there is no tmpfs on ${process.platform}` };
  const { path, remove } = passingFolder("sluice-disk-");
  try {
    const [disk, directory] = [join(path, "disk"), join(path, "directory")];
    let said = "";
    for (const way of WAYS) {
      const made = spawnSync("mkdir", [disk, directory]).error;
      const run = ["unshare", ...way, "sh", "-c", SCRIPT, "sh", disk, directory, "1m", "true"];
      const { error, status, stderr } = spawnSync(run[0] as string, run.slice(1), { encoding: "utf8" });
      if (made === undefined && error === undefined && status === 0) return { way };
      said = error?.message ?? stderr.trim();
    }
    return { reason: `no tmpfs can be mounted here: ${said}` };
  } finally {
    remove();
  }
}

/** @returns what the child process said at its end, as JSON; or how it ended. */
export async function onSmallDisk(
  t: RuleContext,
  directory: string,
  bytes: number,
  job: FullDiskJob,
): Promise<unknown> {
  const folder = temporaryFolder(t, "sluice-disk-");
  const main = fileURLToPath(new URL("./full-disk-main.js", import.meta.url));
  const run = ["sh", "-c", SCRIPT, "sh", folder, directory, String(bytes), process.execPath, main];
  const env = { ...process.env, SLUICE_CONTRACT_FULL_DISK: JSON.stringify({ ...job, disk: folder }) };
  // With its process its mounts are gone.
  const { child, end, kill } = spawnOwned("unshare", [...(probed?.way ?? ["-m"]), ...run], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  t.hold(kill);
  let said = "";
  let out = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-4000);
  });
  const closed = once(child, "close");
  const { code, signal } = await end;
  await closed;
  const last = out.trim().split("\n").at(-1) ?? "";
  if (code === 0 && last.startsWith("{")) return JSON.parse(last);
  return { fault: `The process ended with ${code ?? signal}: ${said}` };
}
