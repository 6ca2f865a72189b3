// What the contract is run on: by the tests, and by the command (`transport-contract run packages/transport-zeromq/test/harness.mjs`,
// or `#tcp`, or `#journal`). A socket in a directory of its own, with or without a journal, or a port that is free.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "@sluice/test-support";
import { inDirectories } from "@sluice/transport-contract";
import { zeromqTransport } from "../dist/index.js";

export default {
  ...inDirectories((directory) => zeromqTransport({ url: `ipc://${join(directory, "buffer")}` })),
  capabilities: zeromqTransport({ url: "ipc:///somewhere" }).capabilities,
};

export const tcp = {
  createTransport: async () => zeromqTransport({ url: `tcp://127.0.0.1:${await freePort()}` }),
  capabilities: zeromqTransport({ url: "tcp://127.0.0.1:1" }).capabilities,
};

/** Its broker is a process, so that it can be killed. */
export const journal = {
  ...inDirectories((directory) =>
    zeromqTransport({
      url: `ipc://${join(directory, "buffer")}`,
      journal: join(directory, "journal"),
      broker: "process",
    }),
  ),
  capabilities: zeromqTransport({ url: "ipc:///somewhere", journal: "/somewhere" }).capabilities,
  /** @param {import("@sluice/core").BufferTransport} transport */
  async restart(transport) {
    const brokers = brokersOf(process.pid);
    if (brokers.length !== 1) throw new Error(`Expected one broker of this process, found ${brokers.length}`);
    for (const pid of brokers) process.kill(pid, "SIGKILL");
    while (brokersOf(process.pid).length > 0) await sleep(5);
    // Whoever opens it starts the next one, which goes on with the journal.
    await (await transport.open()).close();
  },
};

/**
 * Those of its children that are brokers, and live.
 *
 * @param {number} parent
 */
function brokersOf(parent) {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const [, state, of] =
          /^\d+ \(.*\) (\S) (\d+) /s.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
        if (Number(of) !== parent || state === "Z") return false;
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("broker-main");
      } catch {
        return false;
      }
    });
}
