// Whose bytes a port is handed, and until when they stay what they are.
import {
  BufferError,
  bytes,
  type Codec,
  createBuffer,
  type Offered,
  type ProducerOptions,
  type ProducerPort,
  type Wait,
} from "@sluice/core";
import { describe, expect, test } from "vitest";
import { scripted } from "./kit/scripted.js";

type Answer = (
  items: readonly Uint8Array[],
  wait: Wait,
  envelopes: readonly (Uint8Array | undefined)[],
) => Offered | Promise<Offered>;

const all = (items: readonly Uint8Array[]): Offered => ({ accepted: items.length, state: "open" });

/** A producer over a port that answers in turn; `seen` has the arrays that it was handed, as they are. */
async function producerOver<T>(
  codec: Codec<T>,
  port: Partial<ProducerPort>,
  answers: Answer[],
  options?: ProducerOptions,
) {
  const seen: (readonly Uint8Array[])[] = [];
  const offer: ProducerPort["offer"] = (_first, items, wait, envelopes) => {
    seen.push(items);
    return (answers.shift() ?? all)(items, wait, envelopes ?? []);
  };
  const transport = scripted({
    producer: { ...port, offer },
    capabilities: { putOutcome: "may-be-unknown" },
  });
  const buffer = await createBuffer(transport, { capacity: 5, codec } as { capacity: 5; codec: Codec<T> });
  return { seen, producer: await buffer.producer(options) };
}

const atOnce = { copiesAtOnce: true };

describe("the bytes of a put are", () => {
  test("the caller's own, for a port that copies at once", async () => {
    const { seen, producer } = await producerOver(bytes, atOnce, []);
    const [item, list] = [Uint8Array.of(1), [Uint8Array.of(2), Uint8Array.of(3)]];
    await producer.put(item);
    await producer.putMany(list);
    expect(seen[0]?.[0]).toBe(item);
    expect([seen[1]?.[0], seen[1]?.[1]]).toEqual(list);
    expect(seen[1]?.[0]).toBe(list[0]);
  });

  test("copies, for any other", async () => {
    const { seen, producer } = await producerOver(bytes, {}, []);
    const item = Uint8Array.of(1);
    await producer.put(item);
    expect(seen[0]?.[0]).toEqual(item);
    expect(seen[0]?.[0]).not.toBe(item);
  });

  test("those that were put, in a retry after the caller has written to its own", async () => {
    const gone = new BufferError("TRANSPORT_UNAVAILABLE", "no reply", { effect: "unknown" });
    let refuse: (error: unknown) => void = () => {};
    const lost = () => new Promise<Offered>((_, reject) => (refuse = reject));
    const { seen, producer } = await producerOver(bytes, atOnce, [lost]);
    const item = Uint8Array.of(1);
    const put = producer.put(item);
    item.fill(9);
    refuse(gone);
    await put;
    expect(seen.map((items) => [...(items[0] ?? [])])).toEqual([[9], [1]]);
  });

  test("those that were put, where the hook that is told of the wait writes to the caller's", async () => {
    const item = Uint8Array.of(1);
    const kept: number[] = [];
    const full: Answer = (items, wait) => {
      wait.onWait();
      kept.push(items[0]?.[0] ?? 0);
      return { accepted: 0, state: "full", fullBy: "items" };
    };
    const onWait = () => item.fill(9);
    const { seen, producer } = await producerOver(bytes, atOnce, [full], { onWait });
    await producer.put(item);
    expect([...item], "what the hook has written").toEqual([9]);
    expect(kept).toEqual([1]);
    expect([...(seen[1]?.[0] ?? [])]).toEqual([1]);
  });

  test("each as it was, where one array is written to again for the next of them", async () => {
    const { seen, producer } = await producerOver(bytes, atOnce, []);
    const one = new Uint8Array(1);
    function* counting() {
      for (let n = 1; n <= 3; n++) yield one.fill(n);
    }
    await producer.putMany(counting());
    expect(seen[0]?.map(([byte]) => byte)).toEqual([1, 2, 3]);
  });

  test("each as it was, where the codec encodes all of them into one array", async () => {
    const scratch = new Uint8Array(1);
    const codec: Codec<number> = {
      name: "scratch",
      encode: (value) => scratch.fill(value),
      decode: ([byte]) => byte ?? 0,
    };
    const { seen, producer } = await producerOver(codec, atOnce, []);
    await producer.putMany([1, 2, 3]);
    expect(seen[0]?.map(([byte]) => byte)).toEqual([1, 2, 3]);
  });
});

describe("a put whose bytes cannot be had", () => {
  const detached = () => {
    const item = new Uint8Array(100);
    structuredClone(item, { transfer: [item.buffer] });
    return item;
  };

  test.each([{}, atOnce])("is rejected, and the next one is put (%o)", async (port) => {
    const values = [detached(), Uint8Array.of(1)];
    const codec: Codec<number> = {
      name: "of its own",
      encode: (value) => values[value] as Uint8Array,
      decode: () => 0,
    };
    const { seen, producer } = await producerOver(codec, port, []);
    await expect(producer.put(0)).rejects.toMatchObject({ code: "ITEM_UNENCODABLE" });
    await producer.put(1);
    expect(seen).toEqual([[Uint8Array.of(1)]]);
    await producer.close();
  });

  test("is rejected where it is the value itself", async () => {
    const { producer } = await producerOver(bytes, atOnce, []);
    await expect(producer.put(detached())).rejects.toMatchObject({ code: "ITEM_UNENCODABLE" });
    await producer.put(new Uint8Array());
  });

  test("a class of its own gets no say: its bytes are what is put", async () => {
    class Text extends Uint8Array {
      constructor(text: string | number) {
        super((typeof text === "number" ? text : Buffer.from(String(text))) as number);
      }
      override get byteLength() {
        return 1;
      }
    }
    const { seen, producer } = await producerOver(bytes, atOnce, []);
    await producer.put(new Text("y".repeat(3000)));
    expect(seen[0]?.[0]?.constructor).toBe(Uint8Array);
    expect(seen[0]?.[0]).toEqual(new Uint8Array(3000).fill(0x79));
  });

  test("each item of a list behind a proxy is what it was when it was read", async () => {
    const one = new Uint8Array(1);
    const list = new Proxy([1, 2, 3], {
      get: (target, key) => (/^\d$/.test(String(key)) ? one.fill(Number(key)) : Reflect.get(target, key)),
    }) as unknown as Uint8Array[];
    const { seen, producer } = await producerOver(bytes, atOnce, []);
    await producer.putMany(list);
    expect(seen[0]?.map(([byte]) => byte)).toEqual([0, 1, 2]);
  });
});

test.each([
  ["as a promise", async (items: readonly Uint8Array[]) => all(items)],
  ["in part", (items: readonly Uint8Array[]): Offered => ({ accepted: items.length - 100, state: "full" })],
])("an offer that is large by its envelopes and answered %s is counted right", async (_how, answer) => {
  const transport = scripted({
    producer: { offer: (_first, items) => answers.shift()?.(items) ?? all(items) },
  });
  const answers: ((items: readonly Uint8Array[]) => Offered | Promise<Offered>)[] = [answer];
  const buffer = await createBuffer(transport, { capacity: 1000, codec: bytes });
  const producer = await buffer.producer();
  const items = Array.from({ length: 1000 }, () => new Uint8Array(1000));
  expect(await producer.putMany(items, { headers: { a: "x".repeat(900) } })).toBe(1000);
  expect(producer.lastSequence).toBe(1000);
});

test("what travels beside an item is offered beside it, also merged with others and again", async () => {
  const told: (readonly (number | undefined)[])[] = [];
  const tell: Answer = (items, _wait, envelopes) => {
    told.push(items.map((_, i) => envelopes[i]?.byteLength));
    return { accepted: 1, state: "open" };
  };
  let open: (offered: Offered) => void = () => {};
  const slow: Answer = () => new Promise((resolve) => (open = resolve));
  const { producer } = await producerOver(bytes, {}, [slow, tell, tell]);
  const item = Uint8Array.of(1);
  const puts = [
    producer.put(item),
    producer.putMany([item, item], { headers: { a: "b" } }),
    producer.put(item),
  ];
  open({ accepted: 1, state: "open" });
  await Promise.all(puts);
  const length = 1 + '[["a","b"]]'.length;
  expect(told).toEqual([
    [length, length, undefined],
    [length, undefined],
  ]);
});
