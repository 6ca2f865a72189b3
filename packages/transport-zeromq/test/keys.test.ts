// Who may connect to a broker that asks for keys, and that its secrets stay where they are.

import { fork } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { type BoundedBuffer, createBuffer, openAddress, openBuffer } from "@sluice/core";
import { freePort, unlessPaused } from "@sluice/test-support";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { curveKeyPair, Dealer, Request } from "zeromq";
import { zeromqTransport } from "../dist/index.js";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "sluice-zmq-keys-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true, force: true });
});

const broker = curveKeyPair();
const client = curveKeyPair();
const stranger = curveKeyPair();

function keyFile(name: string, keys: unknown, mode = 0o600): string {
  const path = join(directory, name);
  writeFileSync(path, typeof keys === "string" ? keys : JSON.stringify(keys));
  chmodSync(path, mode);
  return path;
}

const brokerFile = (clients = [client.publicKey]) => keyFile("broker.json", { ...broker, clients });
const clientFile = (pair = client, serverKey = broker.publicKey) =>
  keyFile("client.json", { ...pair, serverKey });

const ipc = () => `ipc://${join(directory, "buffer")}`;
const tcp = async () => `tcp://127.0.0.1:${await freePort()}`;

async function made(url: string, keys?: string): Promise<BoundedBuffer<string>> {
  const buffer = await createBuffer<string>(zeromqTransport({ url, ...(keys && { keys }) }), { capacity: 5 });
  onTestFinished(() => buffer.destroy());
  return buffer;
}

async function faultOf(doing: Promise<unknown>): Promise<Error & { code?: string }> {
  const found = await doing.then(
    () => new Error("nothing was wrong"),
    (error: Error) => error,
  );
  for (const { secretKey } of [broker, client, stranger])
    expect(inspect(found, { depth: 9 })).not.toContain(secretKey);
  return found;
}

describe.each([
  ["ipc", ipc],
  ["tcp", tcp],
] as const)("over %s", (_name, place) => {
  test("a client whose key is known is served", async () => {
    const url = await place();
    const here = await made(url, brokerFile());
    const there = await openBuffer<string>(zeromqTransport({ url, keys: clientFile() }));
    await (await there.producer()).put("hello");
    expect(await (await here.consumer()).take()).toEqual({ done: false, value: "hello" });
    await there.close();
  });

  test.each([
    ["whose key is not known", () => clientFile(stranger), "does not know this client's key"],
    [
      "that takes it for another broker",
      () => clientFile(client, stranger.publicKey),
      "breaks off each handshake",
    ],
    ["without keys", () => undefined, "asks for keys"],
  ])("a client %s is denied, and soon", (_what, keys, says) =>
    unlessPaused(500, async () => {
      const url = await place();
      const here = await made(url, brokerFile());
      const path = keys();
      const start = performance.now();
      const error = await faultOf(openBuffer(zeromqTransport({ url, ...(path && { keys: path }) })));
      expect(error).toMatchObject({ code: "PERMISSION_DENIED", message: expect.stringContaining(says) });
      expect(performance.now() - start).toBeLessThan(2_500);
      // And nobody else has noticed.
      await (await here.producer()).put("still served");
    }),
  );

  test("a client with keys is denied by a broker without", async () => {
    const url = await place();
    await made(url);
    const error = await faultOf(openBuffer(zeromqTransport({ url, keys: clientFile() })));
    expect(error).toMatchObject({
      code: "PERMISSION_DENIED",
      message: expect.stringContaining("asks for no keys"),
    });
  });
});

test("two brokers of one process know each its own clients", async () => {
  const [one, two] = [ipc(), await tcp()];
  await made(one, brokerFile());
  await made(two, keyFile("other.json", { ...broker, clients: [stranger.publicKey] }));
  await (await openBuffer(zeromqTransport({ url: one, keys: clientFile() }))).close();
  expect(await faultOf(openBuffer(zeromqTransport({ url: two, keys: clientFile() })))).toMatchObject({
    code: "PERMISSION_DENIED",
  });
  await (await openBuffer(zeromqTransport({ url: two, keys: clientFile(stranger) }))).close();
});

test("a key that is added is known from then on, one that is removed no longer, and a mistake changes nothing", async () => {
  const url = ipc();
  await made(url, brokerFile([]));
  const open = () => openBuffer(zeromqTransport({ url, keys: clientFile() }));
  expect(await faultOf(open())).toMatchObject({ code: "PERMISSION_DENIED" });
  brokerFile([client.publicKey]);
  await (await open()).close();
  const warned = new Promise<Error>((resolve) => process.once("warning", resolve));
  keyFile("broker.json", `{ "secretKey": "${broker.secretKey}", oh no`);
  await (await open()).close();
  expect(inspect(await warned)).toContain("goes on with the keys that it has");
  expect(inspect(await warned)).not.toContain(broker.secretKey);
  brokerFile([]);
  expect(await faultOf(open())).toMatchObject({ code: "PERMISSION_DENIED" });
});

test("a request to the handler that is not as it should be is denied", async () => {
  const { Gatekeeper } = await import("../dist/gatekeeper.js");
  const gatekeeper = new Gatekeeper(brokerFile(), () => {});
  await gatekeeper.open();
  const asker = new Request({ context: gatekeeper.context, linger: 0 });
  asker.connect("inproc://zeromq.zap.01");
  const ask = async (...frames: (string | Buffer)[]) => {
    await asker.send(frames);
    const [version, id, code] = await asker.receive();
    return [version, id, code].map(String);
  };
  const key = Buffer.alloc(32);
  expect(await ask("")).toEqual(["1.0", "", "400"]);
  expect(await ask("1.0", "7")).toEqual(["1.0", "7", "400"]);
  expect(await ask("1.0", "7", "sluice", "127.0.0.1", "", "CURVE")).toEqual(["1.0", "7", "400"]);
  expect(await ask("1.0", "7", "sluice", "127.0.0.1", "", "CURVE", "short")).toEqual(["1.0", "7", "400"]);
  expect(await ask("1.0", "7", "sluice", "127.0.0.1", "", "PLAIN", "name", "word")).toEqual([
    "1.0",
    "7",
    "400",
  ]);
  expect(await ask("1.0", "7", "sluice", "127.0.0.1", "", "CURVE", key)).toEqual(["1.0", "7", "400"]);
  asker.close();
  gatekeeper.close();
});

test("other hosts may be let in with keys only", async () => {
  const own = Object.values(networkInterfaces())
    .flat()
    .find((one) => one !== undefined && !one.internal && one.family === "IPv4");
  const host = own?.address ?? "0.0.0.0";
  const url = `tcp://${host}:${await freePort()}`;
  expect(await faultOf(made(url))).toMatchObject({
    code: "INSECURE_BIND",
    message: expect.stringContaining("needs `keys`"),
  });
  const transport = zeromqTransport({ url, keys: brokerFile() });
  expect(transport.capabilities.reach).toBe("network");
  const here = await made(url, brokerFile());
  expect(here.capabilities.reach).toBe("network");
  await (await openBuffer(zeromqTransport({ url, keys: clientFile() }))).close();
});

describe("key files", () => {
  test.each([
    [
      "others may read",
      () => keyFile("keys.json", { ...client, serverKey: broker.publicKey }, 0o640),
      "PERMISSION_DENIED",
      "has mode 640",
    ],
    ["is not there", () => join(directory, "nowhere.json"), "INVALID_ARGUMENT", "one that is there (ENOENT)"],
    ["is a directory", () => directory, "INVALID_ARGUMENT", "this is no file"],
    ["is no JSON", () => keyFile("keys.json", `${client.secretKey}`), "INVALID_ARGUMENT", "this is no JSON"],
    [
      "holds something else",
      () => keyFile("keys.json", "[1]"),
      "INVALID_ARGUMENT",
      "`publicKey` and `secretKey`",
    ],
    [
      "holds half a key",
      () =>
        keyFile("keys.json", {
          ...client,
          secretKey: client.secretKey.slice(1),
          serverKey: broker.publicKey,
        }),
      "INVALID_ARGUMENT",
      "of 40 characters",
    ],
    ["names no broker", () => keyFile("keys.json", client), "INVALID_ARGUMENT", "`serverKey`"],
  ])("one that %s is refused", async (_what, path, code, says) => {
    const url = ipc();
    await made(url);
    expect(await faultOf(openBuffer(zeromqTransport({ url, keys: path() })))).toMatchObject({
      code,
      message: expect.stringContaining(says),
    });
  });

  test.each([
    ["of a client", () => clientFile(), "`clients`"],
    ["with a client that is no key", () => keyFile("keys.json", { ...broker, clients: ["me"] }), "`clients`"],
  ])("a broker does not start with one %s", async (_what, path, says) => {
    expect(await faultOf(made(ipc(), path()))).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining(says),
    });
  });

  test("keys themselves are no option, and are not repeated", async () => {
    // Of those that ZeroMQ has made; some begin like an absolute path.
    const secretKey = "/Y-h+>aFOh[X]q2xyNT]<.!ndQSq#{H>OEc4xan}";
    const error = await faultOf((async () => zeromqTransport({ url: ipc(), keys: secretKey }))());
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(error.message).not.toContain(secretKey);
    const noText = await faultOf((async () => zeromqTransport({ url: ipc(), keys: 7 as never }))());
    expect(noText).toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});

test("an address carries the path of the keys, and no key is to be seen anywhere", async () => {
  const url = ipc();
  const path = brokerFile();
  const transport = zeromqTransport({ url, keys: path });
  const here = await made(url, path);
  expect(here.address.place).toMatchObject({ url, keys: path });
  const there = await openAddress<string>(here.address);
  const seen = [transport, here, there, await here.producer(), here.address]
    .map((one) => inspect(one, { depth: 9, showHidden: true }) + JSON.stringify(one))
    .join("\n");
  expect(seen).not.toContain(broker.secretKey);
  expect(seen).not.toContain(broker.publicKey);
  await there.close();
});

test("a child opens with the path in the address, or with what its environment names", async () => {
  const url = ipc();
  const here = await made(url, brokerFile());
  const consumer = await here.consumer();
  const put = (address: unknown, env: NodeJS.ProcessEnv) =>
    new Promise<number | null>((resolve, reject) => {
      const child = fork(new URL("./support/put-one.mjs", import.meta.url), [JSON.stringify(address)], {
        env,
      });
      child.once("error", reject);
      child.once("exit", resolve);
    });
  expect(await put(here.address, process.env)).toBe(0);
  expect(await consumer.take()).toEqual({ done: false, value: "one" });
  const place = here.address.place as object;
  const elsewhere = { ...here.address, place: { ...place, keys: join(directory, "on another host.json") } };
  expect(await put(elsewhere, process.env)).toBe(1);
  expect(await put(elsewhere, { ...process.env, SLUICE_ZEROMQ_KEYS: clientFile() })).toBe(0);
  expect(await consumer.take()).toEqual({ done: false, value: "one" });
});

test("the environment names the keys of brokers and of clients", async () => {
  const url = ipc();
  vi.stubEnv("SLUICE_ZEROMQ_KEYS", brokerFile());
  const here = await made(url);
  expect(here.address.place).toMatchObject({ keys: join(directory, "broker.json") });
  vi.stubEnv("SLUICE_ZEROMQ_KEYS", clientFile());
  await (await openBuffer(zeromqTransport({ url }))).close();
  vi.stubEnv("SLUICE_ZEROMQ_KEYS", "");
  expect(await faultOf(openBuffer(zeromqTransport({ url })))).toMatchObject({ code: "PERMISSION_DENIED" });
});

test("nothing gets through when the handler has gone before the socket", async () => {
  // Without ZMQ_ZAP_ENFORCE_DOMAIN libzmq admits everybody then.
  const { Gatekeeper } = await import("../dist/gatekeeper.js");
  const { BrokerRouter } = await import("../dist/router.js");
  const gatekeeper = new Gatekeeper(brokerFile(), () => {});
  const router = new BrokerRouter(
    { context: gatekeeper.context, linger: 0 },
    Buffer.from("hello"),
    gatekeeper,
  );
  await router.bind("tcp://127.0.0.1:*");
  const dealer = new Dealer({
    linger: 0,
    receiveTimeout: 500,
    curveServerKey: broker.publicKey,
    curvePublicKey: client.publicKey,
    curveSecretKey: client.secretKey,
  });
  dealer.connect(router.lastEndpoint as string);
  await expect(dealer.receive()).rejects.toMatchObject({ code: "EAGAIN" });
  dealer.close();
  router.close();
  gatekeeper.close();
});
