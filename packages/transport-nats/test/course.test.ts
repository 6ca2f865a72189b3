// Which commits count: one that arrives twice counts once, and one that arrives late counts only if nothing came that it does not bear.

import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import type { BoundedBuffer } from "@sluice/core";
import type { Operation } from "@sluice/file-store";
import { describe, expect, onTestFinished, test } from "vitest";
import { type CommitHead, decodeRecord, encodeRecord } from "../dist/record.js";
import { made, noServer, server, streamsIn } from "./support/servers.js";

const KIND = { put: "put", take: "take", lease: "lease", settle: "ack" } as const;
type Kind = keyof typeof KIND;
/** One in a hundred or so finds the handle behind. */
const ROUNDS = 500;
const TAKERS = 4;
const EACH = 50;

interface Stored {
  readonly number: number;
  readonly subject: string;
  readonly head: CommitHead;
  readonly items: readonly Uint8Array[];
}

async function started() {
  const nats = await server();
  const { buffer, another } = await made(nats.url, { capacity: 3 });
  const nc = await connect({ servers: nats.url });
  onTestFinished(() => nc.close());
  const [js, jsm] = [jetstream(nc), await jetstreamManager(nc)];
  const [stream = ""] = await streamsIn(jsm);
  /** The last commit in the stream that does nothing but this. */
  const last = async (kind: Kind): Promise<Stored> => {
    const { state } = await jsm.streams.info(stream);
    for (let seq = state.last_seq; seq > 0; seq -= 1) {
      const message = await jsm.streams.getMessage(stream, { seq });
      if (!message?.subject.endsWith(".commit")) continue;
      const { head, payload } = decodeRecord<CommitHead>(message.data);
      if (head.operations.length === 1 && head.operations[0]?.op === kind)
        return { number: seq, subject: message.subject, head, items: [payload] };
    }
    throw new Error(`Expected a commit in the stream that does a ${kind}`);
  };
  /** As a process would that was stopped before it sent this, or whose connection was slow. */
  const arrives = ({ subject, head, items }: Stored) => js.publish(subject, encodeRecord(head, items));
  /** By the same handle, as its next one: based where that was based. */
  const next = (stored: Stored, operation: Operation): Stored => {
    const { head } = stored;
    return { ...stored, head: { ...head, turn: head.turn + 1, operations: [operation] } };
  };
  return { buffer, another, last, arrives, next };
}

const countsOf = async (buffer: BoundedBuffer<string>) => {
  const { produced, consumed, ready, leased } = await buffer.counts();
  return { produced, consumed, ready, leased };
};

describe.skipIf(noServer)("a commit", () => {
  test("that arrives twice counts once: puts, takes, leases and acks", async () => {
    const { buffer, last, arrives } = await started();
    const [producer, consumer] = [await buffer.producer(), await buffer.consumer()];
    for (const value of ["a", "b", "c"]) await producer.put(value);
    await consumer.take();
    const lease = await consumer.lease();
    if (!lease.done) await lease.value.ack();
    const before = await countsOf(buffer);
    expect(before).toEqual({ produced: 3, consumed: 2, ready: 1, leased: 0 });
    for (const kind of Object.keys(KIND) as Kind[]) {
      await arrives(await last(kind));
      expect(await countsOf(buffer), `after a second ${KIND[kind]}`).toEqual(before);
    }
    // Who opens it anew finds the same.
    expect(await consumer.take()).toEqual({ done: false, value: "c" });
    await buffer.destroy();
  });

  test("that puts counts late if there is still room, and not once the buffer is full, or sealed", async () => {
    const { buffer, another, last, arrives, next } = await started();
    // All come before it: that somebody comes is nothing that a commit bears.
    const [first, others] = [await buffer.producer(), await another()];
    const [other, consumer] = [await others.producer(), await others.consumer()];
    await first.put("a");
    const stored = await last("put");
    const [put] = stored.head.operations;
    if (put?.op !== "put") throw new Error("Expected a put");
    const second = next(stored, { ...put, first: put.first + 1 });
    await arrives(second);
    expect(await countsOf(others)).toMatchObject({ produced: 2, ready: 2 });
    await other.put("other");
    const third = next(second, { ...put, first: put.first + 2 });
    await arrives(third);
    expect(await countsOf(others), "while it is full").toMatchObject({ produced: 3, ready: 3 });
    await consumer.take();
    await arrives(third);
    expect(await countsOf(others), "when there is room").toMatchObject({ produced: 4, ready: 3 });
    await consumer.take();
    await others.seal();
    await arrives(next(third, { ...put, first: put.first + 3 }));
    expect(await countsOf(others), "once it is sealed").toMatchObject({ produced: 4, ready: 2 });
    await others.destroy();
  });

  test("that takes has what others have left of the items that its maker has seen, and does not count once nothing is", async () => {
    const { buffer, another, last, arrives, next } = await started();
    const [consumer, others] = [await buffer.consumer(), await another()];
    const [producer, other] = [await others.producer(), await others.consumer()];
    for (const value of ["a", "b", "c"]) await producer.put(value);
    expect(await countsOf(buffer), "as its maker has seen it").toMatchObject({ ready: 3 });
    await consumer.take();
    const stored = await last("take");
    const [take] = stored.head.operations;
    if (take?.op !== "take") throw new Error("Expected a take");
    expect(take, "of somebody who is not alone").toMatchObject({ from: 1, count: 1, to: 3 });
    expect(await other.take()).toEqual({ done: false, value: "b" });
    const second = next(stored, { ...take, from: 2 });
    await arrives(second);
    expect(await countsOf(others), "when c was left").toMatchObject({ consumed: 3, ready: 0 });
    await producer.put("d");
    await arrives(next(second, { ...take, from: 2 }));
    expect(await countsOf(others), "when nothing was left").toMatchObject({ consumed: 3, ready: 1 });
    expect(await other.take()).toEqual({ done: false, value: "d" });
    await others.destroy();
  });

  test("that takes at the same time as others hands out what it came to have: each item once, in order, acked by whoever has it", async () => {
    const nats = await server();
    const { buffer, another } = await made(nats.url, { capacity: TAKERS * EACH });
    const producer = await buffer.producer();
    const takers = await Promise.all(
      Array.from({ length: TAKERS }, async () => (await another()).consumer()),
    );
    const values = Array.from({ length: TAKERS * EACH }, (_, at) => `${at}`);
    await producer.putMany(values);
    const got = await Promise.all(
      takers.map(async (taker, at) => {
        const own: string[] = [];
        while (own.length < EACH) {
          if (at % 2 === 0) {
            const taken = await taker.take();
            if (!taken.done) own.push(taken.value);
          } else {
            for (const lease of await taker.leaseMany(Math.min(2, EACH - own.length))) {
              expect(lease.deliveries).toBe(1);
              await lease.ack();
              own.push(lease.value);
            }
          }
        }
        return own;
      }),
    );
    for (const own of got)
      expect(own, "what one has").toEqual([...own].sort((a, b) => Number(a) - Number(b)));
    expect(got.flat().sort()).toEqual(values.sort());
    expect(await countsOf(buffer)).toEqual({
      produced: values.length,
      consumed: values.length,
      ready: 0,
      leased: 0,
    });
    await buffer.destroy();
  });

  test("that gives back what its maker holds counts whatever came in between, and once", async () => {
    const { buffer, another, last, arrives, next } = await started();
    const others = await another();
    await (await others.producer()).putMany(["a", "b"]);
    await (await buffer.consumer()).lease();
    const lease = await last("lease");
    expect(await (await others.consumer()).take()).toEqual({ done: false, value: "b" });
    await others.seal();
    const token = `${lease.number}.0`;
    const release = next(lease, { op: "settle", acts: [{ kind: "release", token }] });
    await arrives(release);
    expect(await countsOf(others)).toEqual({ produced: 2, consumed: 1, ready: 1, leased: 0 });
    await arrives(
      next(release, { op: "settle", acts: [{ kind: "nack", token, reason: "again", until: 0 }] }),
    );
    expect(await countsOf(others)).toEqual({ produced: 2, consumed: 1, ready: 1, leased: 0 });
    expect(await (await others.consumer()).take()).toEqual({ done: false, value: "a" });
    await others.destroy();
  });

  test("that acks does not count if an earlier one of its maker, which came late, had acked", async () => {
    const { buffer, another, last, arrives, next } = await started();
    const others = await another();
    await (await buffer.producer()).put("a");
    const lease = await (await buffer.consumer()).lease();
    if (!lease.done) await lease.value.ack();
    const stored = await last("settle");
    await arrives(next(stored, stored.head.operations[0] as Operation));
    expect(await countsOf(others)).toEqual({ produced: 1, consumed: 1, ready: 0, leased: 0 });
    await others.destroy();
  });

  test("of which only a part fits, as far as its handle has heard, is looked at again: who is told of no room finds none", async () => {
    const { buffer, another } = await started();
    const [producer, consumer] = [await buffer.producer(), await (await another()).consumer()];
    await producer.putMany(["a", "b", "c"]);
    for (let n = 0; n < ROUNDS; n++) {
      for (const _ of [1, 2]) await consumer.take();
      // The producer's handle may not have heard of the second take yet.
      expect(await producer.putMany(["d", "e"], { timeoutMs: 0 }), `accepted in round ${n}`).toBe(2);
    }
    await buffer.destroy();
  });

  test("that takes all there is, as far as its handle has heard, is looked at again: who asks for what is there now has all of it", async () => {
    const { buffer, another } = await started();
    const [producer, consumer] = [await buffer.producer(), await (await another()).consumer()];
    const other = await buffer.consumer();
    const values = ["a", "b", "c"];
    for (let n = 0; n < ROUNDS; n++) {
      for (const value of values) await producer.put(value);
      // The consumer's handle may not have heard of the last put yet.
      expect(await consumer.takeMany(3, { timeoutMs: 0 }), `taken in round ${n}`).toEqual(values);
      for (const value of values) await producer.put(value);
      await other.take();
      await producer.put("d");
      // Nor of that take, nor of that put.
      const rest = await consumer.takeMany(3, { timeoutMs: 0 });
      expect(rest, `taken behind another in round ${n}`).toEqual(["b", "c", "d"]);
    }
    await buffer.destroy();
  });
});
