// A create that has started its broker and then fails leaves nobody there, and its place to the next.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { completeSpec, createBuffer, openBuffer } from "@sluice/core";
import { unwarned } from "@sluice/test-support";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { curveKeyPair } from "zeromq";
import { zeromqTransport } from "../dist/index.js";
import { brokersHere } from "./support/buffers.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-zmq-failed-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const spec = completeSpec({ capacity: 5 }, "json");

describe.each(["thread", "process"] as const)("with its broker in a %s", (broker) => {
  test.each([
    ["memory", undefined],
    ["a journal", "journal"],
  ])("of which nobody has a handle: %s", async (_what, journal) => {
    const keys = join(folder, "keys.json");
    writeFileSync(keys, JSON.stringify({ ...curveKeyPair(), clients: [] }), { mode: 0o600 });
    const before = brokersHere();
    const path = join(folder, "buffer");
    const options = {
      url: `ipc://${path}`,
      broker,
      keys,
      ...(journal === undefined ? {} : { journal: join(folder, journal) }),
    };
    const transport = zeromqTransport(options);
    // As `createBuffer` does, with a change between its two steps.
    const address = await transport.create(spec, {});
    chmodSync(keys, 0o644);
    await expect(transport.open(address)).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
    expect([path, `${path}.lock`].filter((one) => existsSync(one))).toEqual([]);
    // One of the test before may have been about to end.
    expect(brokersHere().filter((pid) => !before.includes(pid))).toEqual([]);

    chmodSync(keys, 0o600);
    const next = await createBuffer(zeromqTransport(options), { capacity: 5 });
    expect(await next.counts()).toMatchObject({ produced: 0 });
    await next.destroy();
  });
});

test("once it was opened, a later open that fails does it no harm", async () => {
  const transport = zeromqTransport({ url: `ipc://${join(folder, "buffer")}` });
  const buffer = await createBuffer(transport, { capacity: 5 });
  onTestFinished(() => buffer.destroy());
  await expect(
    transport.open({ ...buffer.address, place: { url: `ipc://${join(folder, "buffer")}`, id: "x" } }),
  ).rejects.toMatchObject({ code: "BUFFER_NOT_FOUND" });
  expect(await buffer.counts()).toMatchObject({ ready: 0 });
});

test("the next one clears what a creator left that a signal has ended", async () => {
  // In processes of their own: what Node has loaded before is not looked for again.
  const script = fileURLToPath(new URL("./support/create-once.mjs", import.meta.url));
  const create = (end: string) => {
    const args = [script, `ipc://${join(folder, "buffer")}`, end];
    const { signal, status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    return { signal, status, stderr: unwarned(stderr) };
  };
  expect(create("SIGINT")).toMatchObject({ signal: "SIGINT" });
  expect(readdirSync(folder).sort()).toEqual(["buffer", "buffer.lock"]);
  expect(create("destroy")).toMatchObject({ status: 0, stderr: "" });
  expect(readdirSync(folder)).toEqual([]);
});

describe("open says what is there instead of a broker", () => {
  test.each([
    ["a file", () => writeFileSync(join(folder, "x"), "something")],
    ["a directory", () => {}],
  ])("%s", async (_what, make) => {
    make();
    const path = existsSync(join(folder, "x")) ? join(folder, "x") : folder;
    await expect(openBuffer(zeromqTransport({ url: `ipc://${path}` }))).rejects.toMatchObject({
      code: "NOT_A_BUFFER",
      message: expect.stringMatching(/^".*" is no socket$/),
    });
  });

  test("somebody who does not speak our protocol", async () => {
    const server: Server = createServer((socket) => socket.on("error", () => {}));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    await expect(openBuffer(zeromqTransport({ url: `tcp://127.0.0.1:${port}` }))).rejects.toMatchObject({
      code: "TRANSPORT_UNAVAILABLE",
      message: `Whoever listens at tcp://127.0.0.1:${port} does not answer as a broker: it is stopped, or something else`,
    });
  });
});
