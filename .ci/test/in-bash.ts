// The scripts of a page, run as a reader would, in folders that are removed afterwards.
import { spawnSync } from "node:child_process";
import { expect } from "vitest";

// Where this Node was chosen by npx, npx would hand its own options down to the ones here.
const { npm_config_package: _, npm_config_call: __, ...environment } = process.env;

/**
 * Runs a whole script, and returns what it printed.
 *
 * @param temporary - where its own `mktemp` makes folders.
 */
export function inBash(cwd: string, script: string, temporary: string): string {
  const command = script.replace(/npx -y pnpm@\S+/g, "pnpm");
  const shell = spawnSync("bash", ["-euo", "pipefail", "-c", command], {
    cwd,
    encoding: "utf8",
    env: { ...environment, TMPDIR: temporary },
  });
  expect(shell.status, `${command}\n${shell.stdout}${shell.stderr}`).toBe(0);
  return shell.stdout;
}

/** Runs a script that ends in a folder of its own, and returns that folder. */
export function folderOf(cwd: string, script: string, temporary: string): string {
  return inBash(cwd, `${script}\npwd`, temporary).trim().split("\n").at(-1) as string;
}
