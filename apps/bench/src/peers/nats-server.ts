/** Whether there is a NATS server to be started. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Readiness } from "../candidate.js";

const PROGRAM = process.env["SLUICE_NATS_SERVER"] ?? "nats-server";
const INSTALL = "apt-get install --no-install-recommends nats-server";

export async function natsServerReadiness(signal: AbortSignal): Promise<Readiness> {
  try {
    const { stdout } = await promisify(execFile)(PROGRAM, ["--version"], { signal });
    return { isReady: true, version: stdout.trim().replace(":", "") };
  } catch {
    return { isReady: false, why: `there is no ${PROGRAM}`, install: INSTALL };
  }
}
