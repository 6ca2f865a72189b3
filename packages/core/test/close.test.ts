// How handles end: what becomes of the calls that wait, of open leases, and of calls made afterwards.
import { BufferError, createBuffer, isBufferError } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { delivery, faultOf, isPending } from "./kit/expectations.js";
import { byHand, consumerByHand, producerByHand, scripted } from "./kit/scripted.js";

describe("closing a producer", () => {
  test("rejects the calls in line, awaits the port's word on the one in hand, then ends the registration", async () => {
    const events: string[] = [];
    const { offers, producer } = await producerByHand({
      script: { producer: { close: () => void events.push("port closed") } },
    });
    const inHand = producer.put("a").then(() => events.push("accepted"));
    const inLine = faultOf(producer.put("b"), "HANDLE_CLOSED").then(() => events.push("refused"));
    const closed = producer.close().then(() => events.push("closed"));
    await inLine;
    expect(offers.calls[0]?.args[2].signal.aborted).toBe(true);
    expect(await isPending(closed)).toBe(true);
    offers.calls[0]?.answer({ accepted: 1, state: "open" });
    await Promise.all([inHand, closed]);
    expect(events).toEqual(["refused", "accepted", "port closed", "closed"]);
  });

  test.each([
    ["HANDLE_CLOSED where it was not accepted", undefined, "HANDLE_CLOSED"],
    ["HANDLE_CLOSED where a fault had no effect", new BufferError("BUFFER_BUSY", "locked"), "HANDLE_CLOSED"],
    ["OUTCOME_UNKNOWN where that is true", new Error("cut off"), "OUTCOME_UNKNOWN"],
  ] as const)("rejects the call in hand: %s", async (_what, fault, code) => {
    const { offers, producer } = await producerByHand();
    const put = faultOf(producer.put("a"), code);
    const closed = producer.close();
    if (fault === undefined) offers.calls[0]?.answer({ accepted: 0, state: "open" });
    else offers.calls[0]?.refuse(fault);
    await Promise.all([put, closed]);
  });

  test("is idempotent, and later calls reject at once", async () => {
    let closes = 0;
    const { offers, producer } = await producerByHand({
      script: {
        producer: {
          close: () => {
            closes += 1;
          },
        },
      },
    });
    expect(producer.close()).toBe(producer.close());
    await producer[Symbol.asyncDispose]();
    expect(closes).toBe(1);
    for (const call of [producer.put(1), producer.tryPut(1), producer.putMany([1]), producer.putMany([])]) {
      await faultOf(call, "HANDLE_CLOSED");
    }
    expect(offers.calls).toHaveLength(0);
  });

  test("disturbs no other producer of the buffer", async () => {
    const { offers, producer, buffer } = await producerByHand();
    const other = await buffer.producer();
    const put = other.put("a");
    await producer.close();
    offers.calls[0]?.answer({ accepted: 1, state: "open" });
    await put;
  });
});

describe("closing a consumer", () => {
  test("rejects waiting takes, awaits settlements under way, and loses its open leases", async () => {
    let isPortClosed = false;
    const { polls, settles, consumer } = await consumerByHand({
      script: {
        consumer: {
          close: () => {
            isPortClosed = true;
          },
        },
      },
    });
    const many = consumer.leaseMany(2);
    polls.calls[0]?.answer({ deliveries: [delivery(1, 1, "a"), delivery(2, 2, "b")], state: "open" });
    const [acked, open] = await many;
    const { signal } = open ?? expect.fail("no lease");
    const take = faultOf(consumer.take(), "HANDLE_CLOSED");
    const ack = acked?.ack();
    const poll = await polls.call(1);
    const closed = consumer.close();
    (await settles.call(0)).answer(["settled"]);
    expect(await isPending(closed)).toBe(true);
    poll.answer({ deliveries: [], state: "open" });
    await Promise.all([take, ack, closed]);
    expect([isPortClosed, signal.aborted, isBufferError(signal.reason, "HANDLE_CLOSED")]).toEqual([
      true,
      true,
      true,
    ]);
    await faultOf(open?.ack() ?? Promise.resolve(), "HANDLE_CLOSED");
    await faultOf(open?.extend() ?? Promise.resolve(), "HANDLE_CLOSED");
    await acked?.ack();
    for (const call of [
      consumer.take(),
      consumer.tryLease(),
      consumer.leaseMany(3),
      consumer.leases().next(),
    ]) {
      await faultOf(call, "HANDLE_CLOSED");
    }
  });

  test("resolves a take that got an item after all, but no lease, which the port gives back", async () => {
    for (const isLease of [false, true]) {
      const { polls, consumer } = await consumerByHand();
      const call = isLease ? faultOf(consumer.lease(), "HANDLE_CLOSED") : consumer.take();
      const closed = consumer.close();
      polls.calls[0]?.answer({ deliveries: [delivery("a", 1, isLease ? "t" : undefined)], state: "open" });
      if (isLease) await call;
      else await expect(call).resolves.toEqual({ done: false, value: "a" });
      await closed;
    }
  });
});

describe("closing a buffer handle", () => {
  test("closes its producers and consumers, then the port; everything rejects HANDLE_CLOSED", async () => {
    const events: string[] = [];
    const drained = byHand<[{ signal: AbortSignal }], boolean>();
    const note = (event: string) => () => void events.push(event);
    const script = {
      producer: { close: note("producer") },
      consumer: { close: note("consumer") },
      port: { close: async () => void events.push("buffer"), drained: drained.method },
    };
    const buffer = await createBuffer(scripted(script), { capacity: 5 });
    const producer = await buffer.producer();
    const consumer = await buffer.consumer();
    const waits = faultOf(buffer.drained(), "HANDLE_CLOSED");
    const [wait] = (await drained.call(0)).args;
    wait.signal.addEventListener("abort", () => drained.calls[0]?.answer(false));
    expect(buffer.close()).toBe(buffer.close());
    await buffer.close();
    await waits;
    expect(events.sort()).toEqual(["buffer", "consumer", "producer"]);
    for (const call of [
      buffer.producer(),
      buffer.consumer(),
      buffer.counts(),
      buffer.seal(),
      buffer.drained(),
      buffer.deadLetters().list(),
      buffer.destroy(),
      producer.put(1),
      consumer.take(),
    ]) {
      await faultOf(call, "HANDLE_CLOSED");
    }
  });

  test("by await using", async () => {
    let closes = 0;
    const buffer = await createBuffer(
      scripted({
        port: {
          close: async () => {
            closes += 1;
          },
        },
      }),
      {
        capacity: 5,
      },
    );
    await buffer[Symbol.asyncDispose]();
    await buffer.close();
    expect(closes).toBe(1);
  });

  test("while a producer is being registered leaves no producer behind", async () => {
    const registration = byHand<[string?], never>();
    const buffer = await createBuffer(scripted({ port: { producer: registration.method } }), { capacity: 5 });
    const producer = faultOf(buffer.producer(), "HANDLE_CLOSED");
    const call = await registration.call(0);
    await buffer.close();
    call.answer({ lastSequence: 0 } as never);
    await producer;
  });
});

describe("destroying a buffer", () => {
  test("ends every handle of it with BUFFER_DESTROYED; again, and close, are harmless", async () => {
    let destroys = 0;
    const { offers, producer, buffer } = await producerByHand({
      script: {
        port: {
          destroy: async () => {
            destroys += 1;
          },
          close: () => expect.fail("closed after destroy"),
        },
      },
    });
    const put = faultOf(producer.put("a"), "BUFFER_DESTROYED");
    const destroyed = buffer.destroy();
    offers.calls[0]?.answer({ accepted: 0, state: "open" });
    await Promise.all([put, destroyed]);
    await buffer.destroy();
    await buffer.close();
    expect(destroys).toBe(1);
    await faultOf(producer.put("a"), "BUFFER_DESTROYED");
    await faultOf(buffer.counts(), "BUFFER_DESTROYED");
    await producer.close();
  });

  test("that fails can be tried again, and the handle be closed", async () => {
    const events: string[] = [];
    const destroy = async () => {
      events.push("destroy");
      if (events.length === 1) throw new BufferError("PERMISSION_DENIED", "not yours");
    };
    const close = async () => void events.push("close");
    const buffer = await createBuffer(scripted({ port: { destroy, close } }), { capacity: 5 });
    await faultOf(buffer.destroy(), "PERMISSION_DENIED");
    await buffer.destroy();
    const other = await createBuffer(
      scripted({
        port: {
          destroy: () => Promise.reject(new BufferError("PERMISSION_DENIED", "not yours")),
          close,
        },
      }),
      { capacity: 5 },
    );
    await faultOf(other.destroy(), "PERMISSION_DENIED");
    await other.close();
    expect(events).toEqual(["destroy", "destroy", "close"]);
  });
});
