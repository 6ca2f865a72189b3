/** A shell that a terminal's Ctrl-C meets between its fork and its own session. */

import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Has something started by way of a shell that does that to itself, the first time; then it is ended.
 *
 * @param start - of what is at a path, in a folder that is there.
 * @returns whether the shell was interrupted.
 */
export async function startedInterrupted(
  start: (path: string) => Promise<{ stop(): Promise<void> }>,
): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-own-"));
  const [note, shell, path] = [join(folder, "note"), join(folder, "sh"), process.env["PATH"]];
  const once = `[ -e "${note}" ] || { : > "${note}"; kill -INT $$; }`;
  writeFileSync(shell, `#!/bin/sh\n${once}\nexec /bin/sh "$@"\n`);
  chmodSync(shell, 0o700);
  process.env["PATH"] = `${folder}:${path}`;
  try {
    await (await start(join(folder, "place"))).stop();
    return existsSync(note);
  } finally {
    process.env["PATH"] = path;
    rmSync(folder, { recursive: true, force: true });
  }
}
