/** A program with a server of its own, from its start to its end. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./until.js";

const PROGRAM = `
  const { startOwnServer } = await import(process.argv[1]);
  process.stdout.write((await startOwnServer(process.argv[2])).url);
`;
/** Of how long it takes a test says nothing. */
const ENDS_MS = 60_000;

/**
 * Runs a program that starts one, and has nothing else to do. Throws where its server answers for long after that.
 *
 * @param module - has `startOwnServer`, of a path in a folder that is there.
 * @returns with which code it ended; null where it had to be killed.
 */
export async function endOfOwnServer(module: URL): Promise<number | null> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-own-server-"));
  try {
    const args = ["--input-type=module", "--eval", PROGRAM, module.href, join(folder, "server")];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: ENDS_MS });
    if (status !== 0) return status;
    const { hostname, port, pathname } = new URL(stdout);
    const place = port === "" ? { path: pathname } : { host: hostname, port: Number(port) };
    await until(async () => !(await answers(place)), `the server at ${stdout} ends with its program`);
    return status;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function answers(place: { path: string } | { host: string; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(place, () => resolve(true));
    socket.once("error", () => resolve(false)).once("connect", () => socket.destroy());
  });
}
