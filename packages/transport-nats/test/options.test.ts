// What is refused before anything is touched, and what stands at a place that is not ours.

import { createBuffer, openBuffer } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { type NatsTransportOptions, natsTransport, transportAt } from "../dist/index.js";
import { namesOf, placeSubject } from "../dist/names.js";
import { checkServer } from "../dist/server-facts.js";
import { asked, made, noServer, server, streamsIn } from "./support/servers.js";

const url = "nats://127.0.0.1:1";

test.each([
  [undefined, "options of natsTransport"],
  [{ url }, "`name`"],
  [{ url, name: "" }, "`name`"],
  [{ url, name: "x".repeat(201) }, "`name`"],
  [{ name: "a", url: "http://somewhere" }, "scheme"],
  [{ name: "a", url: "nats://secret@:x:y" }, "`url`"],
  [{ name: "a", url: "nats://me:secret%@h" }, "password"],
  [{ name: "a", url: [] }, "`url`"],
  [{ name: "a" }, "`url`"],
  [{ name: "a", url, replicas: 2 }, "`replicas`"],
  [{ name: "a", url, replcas: 3 }, "`replicas`"],
])("refuses %j, naming what is wrong", (options, named) => {
  const make = () => natsTransport(options as unknown as NatsTransportOptions);
  expect(make).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining(named) }),
  );
  expect(make).not.toThrow(/secret/);
});

test("an address of another kind is refused", () => {
  const address = { module: "", transport: "nats", place: { urls: [], name: "a" } };
  expect(() => transportAt(address)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
});

const ODD = [
  "jobs",
  "a b",
  "a.b",
  "a*",
  ">",
  "a>b",
  "ä%/\\",
  "$JS",
  "=41",
  "A",
  "x".repeat(200),
  "ä".repeat(200),
];

test("names become tokens that mean nothing to a server, each another", () => {
  const tokens = ODD.map((name) => placeSubject(name).slice("sluice.at.".length));
  for (const token of tokens) expect(token).toMatch(/^[\w=-]{1,150}$/);
  expect(new Set(tokens).size).toBe(ODD.length);
  for (const name of ODD) expect(namesOf(name, "0".repeat(18)).stream.length).toBeLessThan(255);
});

test.each([
  ["2.10.27", 3, undefined],
  ["2.12.0-preview.1", 3, undefined],
  ["2.10.26", 3, "2.10.27"],
  ["2.9.10", 3, "2.10.27"],
  ["2.9.10", 1, undefined],
  ["2.8.4", 1, "2.9.0"],
])("a server of version %s with %d replicas", (version, replicas, named) => {
  const nc = { info: { jetstream: true, max_payload: 1024 * 1024 } };
  const spec = { itemBytesMax: 1 };
  const check = () =>
    checkServer(
      { nc, version } as unknown as Parameters<typeof checkServer>[0],
      replicas,
      spec as unknown as Parameters<typeof checkServer>[2],
    );
  if (named === undefined) check();
  else
    expect(check).toThrow(
      expect.objectContaining({ code: "CAPABILITY_MISSING", message: expect.stringContaining(named) }),
    );
});

describe.skipIf(noServer)("at a server", () => {
  test("odd names are kept apart", async () => {
    const nats = await server();
    for (const name of ODD) {
      const buffer = await createBuffer<string>(natsTransport({ url: nats.url, name }), { capacity: 1 });
      await (await buffer.producer()).put(name);
      await buffer.close();
    }
    for (const name of ODD) {
      const buffer = await openBuffer<string>(natsTransport({ url: nats.url, name }));
      expect(await (await buffer.consumer()).take()).toEqual({ done: false, value: name });
      await buffer.destroy();
    }
    expect(await asked(nats.url, streamsIn)).toEqual([]);
  });

  test("a stream of somebody else's under the name is refused and left alone", async () => {
    const nats = await server();
    const subjects = [placeSubject("taken")];
    await asked(nats.url, (jsm) => jsm.streams.add({ name: "theirs", subjects }));
    const transport = natsTransport({ url: nats.url, name: "taken" });
    await expect(createBuffer(transport, { capacity: 1 })).rejects.toMatchObject({ code: "NOT_A_BUFFER" });
    await expect(transport.open()).rejects.toMatchObject({ code: "NOT_A_BUFFER" });
    expect(await asked(nats.url, streamsIn)).toEqual(["theirs"]);
  });

  test("a server without JetStream, and items that fit in no message, are refused", async () => {
    const nats = await server();
    const transport = natsTransport({ url: nats.url, name: "large" });
    const large = createBuffer(transport, { capacity: 1, itemBytesMax: 2 * 1024 * 1024 });
    await expect(large).rejects.toMatchObject({ code: "CAPABILITY_MISSING" });
    expect(await asked(nats.url, streamsIn)).toEqual([]);
  });

  test("more replicas than there are servers are refused", async () => {
    const nats = await server();
    const transport = natsTransport({ url: nats.url, name: "three", replicas: 3 });
    const refusal = await createBuffer(transport, { capacity: 1 }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: "CAPABILITY_MISSING", effect: "none" });
    expect(await asked(nats.url, streamsIn)).toEqual([]);
  });

  test("a wrong password is PERMISSION_DENIED, and no password is told", async () => {
    const nats = await server(`authorization { user: "sluice", password: "secret" }`);
    const place = (password: string) => nats.url.replace("//", `//sluice:${password}@`);
    const wrong = natsTransport({ url: place("wr0ng"), name: "a" });
    const refusal = await createBuffer(wrong, { capacity: 1 }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: "PERMISSION_DENIED" });
    expect(String(refusal)).not.toContain("wr0ng");
    const { buffer } = await made(place("secret"), { capacity: 1 });
    expect(JSON.stringify(buffer.address)).not.toContain("secret");
    await buffer.destroy();
  });

  test("a log that has grown is read from its whole state, and what nobody needs is removed", async () => {
    const nats = await server();
    const { buffer, another } = await made(nats.url, { capacity: 4, failuresMax: 1 });
    const [producer, consumer] = [await buffer.producer(), await buffer.consumer()];
    // One that stays must not keep all the others.
    await producer.put("dead");
    const first = await consumer.lease();
    if (!first.done) await first.value.nack();
    for (let round = 0; round < 900; round += 1) {
      await producer.put(`${round}`);
      expect(await consumer.take()).toEqual({ done: false, value: `${round}` });
    }
    await producer.put("last");
    const late = await another();
    expect(await late.counts()).toMatchObject({ produced: 902, consumed: 900, dead: 1, ready: 1, peak: 1 });
    expect((await late.deadLetters().list()).map((letter) => letter.decode())).toEqual(["dead"]);
    expect(await (await late.consumer()).take()).toEqual({ done: false, value: "last" });
    const messages = await asked(nats.url, async (jsm) => {
      const [stream = ""] = await streamsIn(jsm);
      return (await jsm.streams.info(stream)).state.messages;
    });
    expect(messages).toBeLessThan(1_700);
  });
});
