// A terminal's Ctrl-C that meets a broker between its fork and its own session, before it runs anything, is not meant for it. Here the
// broker does that to itself, before its own program is loaded.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBuffer } from "@sluice/core";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { zeromqTransport } from "../dist/index.js";
import { brokersHere, freshSocket } from "./support/buffers.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-zmq-interrupted-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** Ends the first so many brokers that are started. */
function interrupt(times: number, signal: string): void {
  const note = join(folder, "note");
  const source = `
    import { appendFileSync, existsSync, statSync } from "node:fs";
    const note = ${JSON.stringify(note)};
    if (!existsSync(note) || statSync(note).size < ${times}) {
      appendFileSync(note, "x");
      process.kill(process.pid, ${JSON.stringify(signal)});
      await new Promise(() => {});
    }`;
  vi.stubEnv("NODE_OPTIONS", `--import=data:text/javascript,${encodeURIComponent(source)}`);
}

const transport = () => zeromqTransport({ url: freshSocket(), broker: "process" });

test.each(["SIGINT", "SIGHUP"])(
  "a broker that %s ends before it runs anything is forked once more",
  async (signal) => {
    interrupt(1, signal);
    const buffer = await createBuffer(transport(), { capacity: 5 });
    expect(await buffer.counts()).toMatchObject({ produced: 0 });
    await buffer.destroy();
  },
);

test("one that is ended so each time fails the create, which says why", async () => {
  interrupt(9, "SIGINT");
  const before = brokersHere();
  await expect(createBuffer(transport(), { capacity: 5 })).rejects.toMatchObject({
    code: "TRANSPORT_UNAVAILABLE",
    message: "The broker ended while it started: SIGINT",
  });
  expect(brokersHere().filter((pid) => !before.includes(pid))).toEqual([]);
});
