// What a hook or a codec calls on its own handle, while the port is just being asked: it stands behind the call in hand.
import { type Codec, createBuffer, type Offered, type Producer, type Wait } from "@sluice/core";
import { expect, test, vi } from "vitest";
import { delivery, faultOf, values } from "./kit/expectations.js";
import { scripted } from "./kit/scripted.js";

interface Asked {
  readonly first: number;
  readonly items: unknown[];
  answer(offered: Offered): void;
}

/** A port that begins to wait before it returns, as one in this process may. */
async function producerThat(onWait: (producer: Producer<unknown>) => void) {
  const asked: Asked[] = [];
  const offer = (first: number, items: readonly Uint8Array[], wait: Wait) => {
    const answered = new Promise<Offered>((answer) => {
      asked.push({ first, items: values(items), answer });
      wait.signal.addEventListener("abort", () => answer({ accepted: 0, state: "open" }));
    });
    if (asked.length === 1) wait.onWait();
    return answered;
  };
  const buffer = await createBuffer(scripted({ producer: { offer } }), { capacity: 5 });
  const producer: Producer<unknown> = await buffer.producer({ onWait: () => onWait(producer) });
  return { asked, producer };
}

test("a put by the hook of a put that waits is offered after it, under the next number", async () => {
  let second: Promise<void> | undefined;
  const { asked, producer } = await producerThat((own) => {
    second = own.put("second");
  });
  const first = producer.put("first");
  expect(asked.map(({ items }) => items)).toEqual([["first"]]);
  asked[0]?.answer({ accepted: 1, state: "open" });
  await first;
  await vi.waitUntil(() => asked.length === 2);
  expect(asked.map(({ first, items }) => [first, items])).toEqual([
    [1, ["first"]],
    [2, ["second"]],
  ]);
  asked[1]?.answer({ accepted: 1, state: "open" });
  await second;
  expect(producer.lastSequence).toBe(2);
});

test("a close by the hook of a put that waits ends that put too", async () => {
  let closing: Promise<void> | undefined;
  const { producer } = await producerThat((own) => {
    closing = own.close();
  });
  await faultOf(producer.put("first"), "HANDLE_CLOSED");
  await closing;
});

test("a take by the codec, in the middle of a take, gets the item behind it", async () => {
  let inner: Promise<unknown> | undefined;
  let handedOut = 0;
  const poll = () => ({ deliveries: [delivery(`item-${++handedOut}`, handedOut)], state: "open" as const });
  const codec: Codec<unknown> = {
    name: "curious",
    encode: (value) => Buffer.from(JSON.stringify(value)),
    decode(bytes) {
      inner ??= consumer.take();
      return JSON.parse(Buffer.from(bytes).toString());
    },
  };
  const buffer = await createBuffer(scripted({ consumer: { poll } }), { capacity: 5, codec });
  const consumer = await buffer.consumer();
  expect(await consumer.take()).toMatchObject({ value: "item-1" });
  expect(await inner).toMatchObject({ value: "item-2" });
});
