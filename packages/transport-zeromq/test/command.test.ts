// The command, run as a user does: what it prints, how it ends, what it leaves.

import { type ChildProcess, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isBufferError, openBuffer } from "@sluice/core";
import { until, unwarned } from "@sluice/test-support";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { zeromqTransport } from "../dist/index.js";

const MAIN = fileURLToPath(new URL("../dist/command-main.js", import.meta.url));

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-zmq-command-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(...args: readonly string[]): {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What is on standard error so far. */
  readonly complaints: () => string;
  /** Resolves to the first line of standard output. */
  readonly firstLine: Promise<string>;
} {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL")); // where the test failed
  let stdout = "";
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code) => resolve({ code, stdout, stderr: unwarned(stderr) }));
  });
  const firstLine = new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      const [line, rest] = stdout.split("\n");
      if (rest !== undefined) resolve(line ?? "");
    });
    void ended.then((end) => reject(new Error(`Ended without a line: ${JSON.stringify(end)}`)));
  });
  firstLine.catch(() => {}); // not every test waits for one
  return { child, ended, complaints: () => stderr, firstLine };
}

const run = (...args: readonly string[]) => start(...args).ended;
const url = () => `ipc://${join(folder, "buffer")}`;

describe("broker", () => {
  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("serves until %s, and leaves nothing behind", async (signal, code) => {
    const broker = start("broker", "--url", url(), "--capacity", "5", "--item-bytes-max", "100");
    expect(await broker.firstLine).toBe(`broker at ${url()} : capacity 5, memory only`);
    const buffer = await openBuffer<string>(zeromqTransport({ url: url() }));
    expect(buffer.spec).toMatchObject({ capacity: 5, itemBytesMax: 100, codec: "json" });
    await (await buffer.producer()).put("hello");
    expect(await (await buffer.consumer()).take()).toEqual({ done: false, value: "hello" });
    await buffer.close();
    broker.child.kill(signal);
    expect(await broker.ended).toMatchObject({ code, stderr: "" });
    expect(readdirSync(folder)).toEqual([]);
  });

  test("tells whoever waits at once that it ends, and its operator how much is lost", async () => {
    const broker = start("broker", "--url", url(), "--capacity", "2");
    await broker.firstLine;
    const buffer = await openBuffer<string>(zeromqTransport({ url: url() }));
    const producer = await buffer.producer();
    await producer.putMany(["a", "b"]);
    const lease = await (await buffer.consumer()).tryLease();
    const waiting = [producer.put("c"), buffer.drained()].map((call) =>
      call.catch((error: unknown) => error),
    );
    await until(async () => (await buffer.counts()).waitingProducers === 1, "the put waits");
    broker.child.kill("SIGTERM");
    for (const error of await Promise.all(waiting))
      expect(error).toMatchObject({ code: "BUFFER_DESTROYED", effect: "none" });
    expect(lease !== "empty" && !lease.done && lease.value.signal.aborted).toBe(true);
    expect(await broker.ended).toEqual({
      code: 143,
      stdout: expect.any(String),
      stderr: "transport-zeromq: ended with 2 items in it, which are lost: it had no journal\n",
    });
    await buffer.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  test("ends when its buffer is destroyed", async () => {
    const broker = start("broker", "--url", url(), "--capacity", "5");
    await broker.firstLine;
    await (await openBuffer(zeromqTransport({ url: url() }))).destroy();
    expect(await broker.ended).toMatchObject({ code: 0, stderr: "" });
    expect(readdirSync(folder)).toEqual([]);
  });

  test("ends in order also where its folder was removed under it", async () => {
    const broker = start("broker", "--url", url(), "--capacity", "5");
    await broker.firstLine;
    rmSync(folder, { recursive: true });
    broker.child.kill("SIGTERM");
    expect(await broker.ended).toMatchObject({ code: 143, stderr: "" });
  });

  test("tells the port that it was given", async () => {
    const broker = start("broker", "--url", "tcp://127.0.0.1:*", "--capacity", "1");
    const line = await broker.firstLine;
    const found = /^broker at (tcp:\/\/127\.0\.0\.1:\d+) : capacity 1, memory only$/.exec(line)?.[1];
    await (await openBuffer(zeromqTransport({ url: found as string }))).close();
  });

  test("a second one at the same place is refused", async () => {
    const first = start("broker", "--url", url(), "--capacity", "5");
    await first.firstLine;
    const { code, stderr } = await run("broker", "--url", url(), "--capacity", "5");
    expect(code).toBe(2);
    expect(stderr).toMatch(/^transport-zeromq: There is a broker at [^\n]*already\n$/);
    await (await openBuffer(zeromqTransport({ url: url() }))).close();
  });
});

test("figures are JSON", async () => {
  const broker = start("broker", "--url", url(), "--capacity", "5");
  await broker.firstLine;
  const { code, stdout } = await run("figures", "--url", url());
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    clients: 1,
    packetsIn: expect.any(Number),
    malformed: 0,
    refused: 0,
  });
});

test("keys: a broker, a client, and a stranger", async () => {
  const made = await run("keys", "broker.json");
  expect(made).toMatchObject({ code: 0, stderr: "" });
  const broker = start("broker", "--url", url(), "--capacity", "5", "--keys", "broker.json");
  expect(await broker.firstLine).toBe(`broker at ${url()} : capacity 5, memory only, for clients with keys`);

  // The broker runs already.
  const forClient = await run("keys", "client.json", "--for-client", "broker.json");
  expect(forClient).toMatchObject({ code: 0, stderr: "" });
  expect((await run("figures", "--url", url(), "--keys", "client.json")).code).toBe(0);
  await run("keys", "other-broker.json");
  await run("keys", "stranger.json", "--for-client", "other-broker.json");
  const { serverKey } = JSON.parse(readFileSync(join(folder, "client.json"), "utf8"));
  const stranger = JSON.parse(readFileSync(join(folder, "stranger.json"), "utf8"));
  writeFileSync(join(folder, "unknown.json"), JSON.stringify({ ...stranger, serverKey }), { mode: 0o600 });
  for (const args of [["--keys", "stranger.json"], [], ["--keys", "unknown.json"]]) {
    const { code, stderr } = await run("figures", "--url", url(), ...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^transport-zeromq: The broker at [^\n]* refuses this client: [^\n]*\n$/);
    expect(stderr).not.toContain("--help");
  }
  const figures = JSON.parse((await run("figures", "--url", url(), "--keys", "client.json")).stdout);
  expect(figures.refused).toBeGreaterThan(0);
  await until(async () => broker.complaints() !== "", "the broker says so");
  expect(broker.complaints()).toMatch(/^(transport-zeromq: refused \d+ handshakes? with keys [^\n]*\n)+$/);

  const files = ["broker.json", "client.json"].map((name) => join(folder, name));
  expect(files.map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o600]);
  const [ofBroker, ofClient] = files.map((path) => JSON.parse(readFileSync(path, "utf8")));
  expect(ofBroker.clients).toEqual([ofClient.publicKey]);
  expect(ofClient.serverKey).toBe(ofBroker.publicKey);
  const printed = [made, forClient].map(({ stdout }) => stdout).join("");
  expect(printed).toContain(ofBroker.publicKey);
  for (const { secretKey } of [ofBroker, ofClient]) expect(printed).not.toContain(secretKey);

  const before = readFileSync(files[0] as string, "utf8");
  for (const args of [["broker.json"], ["client.json", "--for-client", "broker.json"]]) {
    const { code, stderr } = await run("keys", ...args);
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("nothing is overwritten"),
    });
  }
  expect(readFileSync(files[0] as string, "utf8")).toBe(before);
});

test("a client's file is not left behind where the broker's cannot be written", async () => {
  await run("keys", "broker.json");
  mkdirSync(join(folder, "broker.json.new"));
  expect((await run("keys", "client.json", "--for-client", "broker.json")).code).toBe(2);
  expect(existsSync(join(folder, "client.json"))).toBe(false);
});

test("a broker that stays silent: exit code 6", async () => {
  const broker = start("broker", "--url", url(), "--capacity", "5");
  await broker.firstLine;
  broker.child.kill("SIGSTOP");
  const { code, stderr } = await run("figures", "--url", url());
  expect(code).toBe(6);
  expect(stderr).toMatch(/^transport-zeromq: [^\n]*\n$/);
});

test.each([
  ["nothing", "", "Say what is to be done: broker, keys, figures"],
  ["an unknown command", "server --url ipc:///x", 'got "server"'],
  ["no url", "broker --capacity 5", "--url is needed"],
  ["no capacity", "broker --url ipc:///x", "--capacity is needed"],
  ["neither", "broker", "--url and --capacity are needed"],
  ["figures of no place", "figures", "--url is needed"],
  ["an unknown option", "broker --url ipc:///x --capactiy 5", "--capactiy"],
  ["a value that is missing", "broker --url", "--url"],
  ["an option given twice", "broker --url ipc:///x --capacity 1 --capacity 2", "--capacity is given twice"],
  [
    "a number with a tail",
    "broker --url ipc:///x --capacity 9x",
    'an integer from 1 to 2147483647, got "9x"',
  ],
  [
    "a word as a number",
    "broker --url ipc:///x --capacity 5 --dead-letters-max few",
    "--dead-letters-max to be an integer from 0 to 2147483647",
  ],
  [
    "capacity 0",
    "broker --url ipc:///x --capacity 0",
    "--capacity to be an integer from 1 to 2147483647, got 0",
  ],
  [
    "a buffer that no item fits",
    "broker --url ipc:///x --capacity 5 --buffer-bytes-max 1",
    "--buffer-bytes-max",
  ],
  ["something that is no option", "broker ipc:///x", '"ipc:///x"'],
  ["a place that is none", "broker --url pigeon://x --capacity 5", '"pigeon://x"'],
  ["a star for the address", "broker --url tcp://*:4000 --capacity 5", "`0.0.0.0` is all addresses"],
  [
    "a port that is none",
    "broker --url tcp://127.0.0.1:65536 --capacity 5",
    "or `*` or 0 for one that is free",
  ],
  [
    "a path that is too long",
    `broker --url ipc:///${"x".repeat(140)} --capacity 5`,
    'at most 107 bytes (it has 141), without a 0, got "/x',
  ],
  ["a quote that is closed", `broker --url ipc:///${"x".repeat(140)} --capacity 5`, '…" (--help'],
  ["a key file that is not there", "broker --url ipc://$/x --capacity 5 --keys nowhere.json", "ENOENT"],
  [
    "a journal in no folder",
    "broker --url ipc://$/x --capacity 5 --journal nowhere/here",
    "the parent of `journal`",
  ],
  ["keys for nobody", "keys", "keys needs the path of one file"],
  ["keys for several", "keys a b", "keys needs the path of one file"],
  ["keys in no folder", "keys nowhere/keys.json", 'Cannot write "nowhere/keys.json"'],
  ["keys of a broker that is not there", "keys a.json --for-client nowhere.json", "ENOENT"],
])("bad usage is told in one line: %s", async (_what, args, says) => {
  const given = args.replace("$", folder).split(" ").filter(Boolean);
  const { code, stdout, stderr } = await run(...given);
  expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(/^transport-zeromq: [^\n]* \(--help tells more\)\n$/);
  expect(stderr).toContain(says);
  expect(readdirSync(folder)).toEqual([]);
});

test.each([
  ["a directory that others may enter", "broker --url ipc:///usr/x --capacity 5", 2, "chmod 700"],
  ["a bind for all hosts", "broker --url tcp://0.0.0.0:4000 --capacity 5", 2, "needs `keys`"],
  ["a place that is something else", "figures --url ipc:///etc/passwd", 2, '"/etc/passwd" is no socket'],
  ["figures of nobody", "figures --url ipc://$/x", 6, "No broker listens"],
])("what --help says nothing of goes without it: %s", async (_what, args, code, says) => {
  const ended = await run(...args.replace("$", folder).split(" "));
  expect(ended).toMatchObject({ code, stdout: "", stderr: expect.stringContaining(says) });
  expect(ended.stderr).toMatch(/^transport-zeromq: [^\n]*\n$/);
  expect(ended.stderr).not.toContain("--help");
});

test("a journal of another buffer: exit code 2, and both are named", async () => {
  const args = ["broker", "--url", url(), "--journal", "journal", "--capacity"];
  const broker = start(...args, "5");
  await broker.firstLine;
  broker.child.kill("SIGTERM");
  await broker.ended;
  const { code, stderr } = await run(...args, "6");
  expect(code).toBe(2);
  expect(stderr).toMatch(/^transport-zeromq: [^\n]*capacity: 6 here, 5 in the buffer[^\n]*\n$/);
});

test("--version", async () => {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  expect(await run("--version")).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
});

test("--help is help, wherever it stands", async () => {
  for (const args of [["--help"], ["broker", "-h"], ["keys", "--help"]]) {
    const { code, stdout } = await run(...args);
    expect(code).toBe(0);
    for (const word of [
      "broker",
      "--capacity",
      "--for-client",
      "figures",
      "SLUICE_ZEROMQ_KEYS",
      "--version",
      "*",
    ]) {
      expect(stdout).toContain(word);
    }
  }
});

test("a client of a broker that is gone hears so", async () => {
  const broker = start("broker", "--url", url(), "--capacity", "5");
  await broker.firstLine;
  const buffer = await openBuffer(zeromqTransport({ url: url() }));
  broker.child.kill("SIGKILL");
  await broker.ended;
  const error = await buffer.counts().catch((found: unknown) => found);
  expect(isBufferError(error, "TRANSPORT_UNAVAILABLE")).toBe(true);
  await buffer.close();
});
