// Runs turbo without its telemetry and update notices, which package.json scripts cannot switch off portably.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const turboBin = join(root, "node_modules/turbo/bin/turbo");

/**
 * Runs turbo tasks in the workspace and returns the exit code.
 *
 * @param {readonly string[]} args - task names and options of `turbo run`.
 * @param {import("node:child_process").StdioOptions} stdio
 * @returns {{ code: number, output: string }} the output is empty unless `stdio` pipes it.
 */
export function turbo(args, stdio = "inherit") {
  const result = spawnSync(process.execPath, [turboBin, "run", ...args], {
    cwd: root,
    stdio,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    env: {
      ...process.env,
      TURBO_TELEMETRY_DISABLED: "1",
      TURBO_NO_UPDATE_NOTIFIER: "1",
      DO_NOT_TRACK: "1",
    },
  });
  if (result.error) throw result.error;
  return { code: result.status ?? 1, output: `${result.stdout ?? ""}${result.stderr ?? ""}` };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = turbo(process.argv.slice(2)).code;
}
