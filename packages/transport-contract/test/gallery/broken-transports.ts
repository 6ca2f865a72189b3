// Transports that are wrong in one way each, and the rule that has to say so.
import { setImmediate as turn } from "node:timers/promises";
import type { Delivery, Offered, Polled, Wait } from "@sluice/core";
import type { Decoration } from "./decorate.js";

export interface Broken {
  readonly what: string;
  /** The rule that names it, and what its message must contain. */
  readonly rule: string;
  readonly message: RegExp;
  readonly decorate: () => Decoration;
}

const now = (wait: Wait): Wait => ({ ...wait, maxMs: 0, onWait: () => {} });

/** Offers items one by one, each as often as `times` says; to the caller it looks as if each had been taken once. */
function offering(times: (n: number) => number): Decoration {
  let n = 0;
  return {
    producer: (producer) => {
      let shift = 0;
      return {
        async offer(first, items, wait): Promise<Offered> {
          for (const [i, item] of items.entries()) {
            const copies = times(++n);
            for (let copy = 0; copy < copies; copy++) {
              const offered = await producer.offer(
                first + i + shift + copy,
                [item],
                i === 0 ? wait : now(wait),
              );
              if (offered.accepted === 0) {
                n--;
                return { ...offered, accepted: i };
              }
            }
            shift += copies - 1;
          }
          return { accepted: items.length, state: "open" };
        },
      };
    },
  };
}

export const brokenTransports: readonly Broken[] = [
  {
    what: "drops 1 item in 20",
    rule: "COUNT-2",
    message: /P3: \d+ accepted items were never taken/,
    decorate: () => offering((n) => (n % 20 === 0 ? 0 : 1)),
  },
  {
    what: "duplicates 1 item in 20",
    rule: "COUNT-2",
    message: /(P2|L1|L3).*removed 2 times|was handed out again after its ack|Two hand-outs/s,
    decorate: () => offering((n) => (n % 20 === 0 ? 2 : 1)),
  },
  {
    what: "reorders",
    rule: "ORDER-1",
    message: /what came out to be \[0,1,2,/,
    decorate: () => {
      const held: Delivery[] = [];
      let n = 0;
      return {
        consumer: (consumer) => ({
          poll(max, wait, lease) {
            const first = held.shift();
            if (first !== undefined) return { deliveries: [first], state: "open" };
            if (lease !== undefined || max > 1 || ++n % 3 !== 0) return consumer.poll(max, wait, lease);
            const { deliveries, state } = consumer.poll(2, now(wait)) as Polled;
            if (deliveries.length < 2)
              return deliveries.length > 0 ? { deliveries, state } : consumer.poll(max, wait);
            held.push(deliveries[0] as Delivery);
            return { deliveries: deliveries.slice(1), state };
          },
        }),
      };
    },
  },
  {
    what: "allows capacity + 1",
    rule: "BOUND-1",
    message: /tryPut at 5 of 5 to be "full", got "accepted"/,
    decorate: () => ({
      create: (spec, wishes) => [{ ...spec, capacity: spec.capacity + 1 }, wishes],
      port: (port) => ({ spec: { ...port.spec, capacity: port.spec.capacity - 1 } }),
    }),
  },
  {
    what: "forgets leased items in the bound",
    rule: "BOUND-3",
    message: /tryPut with both items leased to be "full"/,
    decorate: () => ({
      // A lease is a take whose item is put again when it is given back.
      create: (spec, wishes) => [{ ...spec, capacity: spec.capacity * 2 }, wishes],
      port: (port) => ({ spec: { ...port.spec, capacity: port.spec.capacity / 2 } }),
      producer: (producer, port) => ({
        async offer(first, items, wait) {
          const { ready } = await port.counts();
          const room = port.spec.capacity / 2 - ready;
          if (room <= 0) return { accepted: 0, state: "full", fullBy: "items" };
          return producer.offer(first, items.slice(0, room), wait);
        },
      }),
    }),
  },
  {
    what: "loses the wake-up of a waiting poll",
    rule: "WAIT-2",
    message: /Expected the waiting take, with an item there to settle/,
    decorate: () => ({
      consumer: (consumer) => ({
        poll(max, wait, lease) {
          const polled = consumer.poll(max, now(wait), lease) as Polled;
          if (polled.state !== "empty" || wait.maxMs === 0) return polled;
          wait.onWait();
          return new Promise((resolve) => {
            wait.signal.addEventListener("abort", () => resolve({ deliveries: [], state: "open" }), {
              once: true,
            });
          });
        },
      }),
    }),
  },
  {
    what: "loses the wake-up of a waiting offer",
    rule: "WAIT-1",
    message: /Expected the waiting put, with room to settle/,
    decorate: () => ({
      producer: (producer) => ({
        offer(first, items, wait) {
          const offered = producer.offer(first, items, now(wait)) as Offered;
          if (offered.state !== "full" || offered.accepted > 0 || wait.maxMs === 0) return offered;
          wait.onWait();
          return new Promise((resolve) => {
            wait.signal.addEventListener("abort", () => resolve({ accepted: 0, state: "open" }), {
              once: true,
            });
          });
        },
      }),
    }),
  },
  {
    what: "ignores the seal",
    rule: "SEAL-2",
    message: /put after the seal to reject with BUFFER_SEALED, it resolved/,
    decorate: () => ({ port: () => ({ seal: async () => true }) }),
  },
  {
    what: "loses a put that races the seal",
    rule: "SEAL-5",
    message: /what came out, against the puts that resolved/,
    decorate: () => {
      let sealed = false;
      return {
        port: (port) => ({
          async seal(options) {
            sealed = true;
            return port.seal(options);
          },
        }),
        producer: (producer) => ({
          async offer(first, items, wait) {
            if (sealed) return { accepted: 0, state: "sealed" };
            await turn();
            const offered = await producer.offer(first, items, wait);
            return offered.state === "sealed" ? { accepted: items.length, state: "open" } : offered;
          },
        }),
      };
    },
  },
  {
    what: "swallows an item for a poll that was aborted",
    rule: "WAIT-8",
    message: /the counts after two puts/,
    decorate: () => ({
      consumer: (consumer) => ({
        poll(max, wait, lease) {
          if (wait.maxMs === 0) return consumer.poll(max, wait, lease);
          const never = { ...wait, signal: new AbortController().signal };
          const polled = Promise.resolve(consumer.poll(max, never, lease));
          const aborted = new Promise<Polled>((resolve) => {
            wait.signal.addEventListener("abort", () => resolve({ deliveries: [], state: "open" }), {
              once: true,
            });
          });
          return Promise.race([polled, aborted]);
        },
      }),
    }),
  },
  {
    what: "accepts a late ack",
    rule: "LEASE-5",
    message: /a late ack to be \["lost"\], got \["settled"\]/,
    decorate: () => {
      const sequences = new Map<unknown, number>();
      const current = new Map<number, number>();
      return {
        consumer: (consumer) => ({
          async poll(max, wait, lease) {
            const polled = await consumer.poll(max, wait, lease);
            for (const { token, sequence } of polled.deliveries) {
              sequences.set(token, sequence);
              current.set(sequence, token as number);
            }
            return polled;
          },
          // By item instead of by token.
          settle: (settlements) =>
            consumer.settle(
              settlements.map((one) => ({
                ...one,
                token: current.get(sequences.get(one.token) ?? 0) ?? one.token,
              })),
            ),
        }),
      };
    },
  },
  {
    what: "tells the end while a lease is out",
    rule: "SEAL-8",
    message: /takes and drained\(\), with two leases open to go on waiting/,
    decorate: () => ({
      consumer: (consumer, port) => ({
        async poll(max, wait, lease) {
          const { sealed, ready } = await port.counts();
          return sealed && ready === 0
            ? { deliveries: [], state: "drained" }
            : consumer.poll(max, wait, lease);
        },
      }),
    }),
  },
  {
    what: "reads empty before it reads sealed, and so tells the end early",
    rule: "SEAL-14",
    message: /what the consumer saw before the end/,
    decorate: () => ({
      consumer: (consumer, port) => ({
        async poll(max, wait, lease) {
          const polled = await consumer.poll(max, now(wait), lease);
          if (polled.state !== "empty") return polled;
          for (let i = 0; i < 4; i++) await turn();
          if ((await port.counts()).sealed) return { deliveries: [], state: "drained" };
          return consumer.poll(max, { ...wait, maxMs: Math.min(wait.maxMs, 1) }, lease);
        },
      }),
    }),
  },
  {
    what: "puts a retried item in again",
    rule: "RETRY-1",
    message: /the counts after three offers of one item/,
    decorate: () => ({
      producer: (producer) => {
        let next = producer.lastSequence + 1;
        return {
          async offer(_first, items, wait) {
            const offered = await producer.offer(next, items, wait);
            next += offered.accepted;
            return offered;
          },
        };
      },
    }),
  },
  {
    what: "answers a retry as sealed",
    rule: "RETRY-3",
    message: /a retry of both/,
    decorate: () => ({
      producer: (producer, port) => ({
        async offer(first, items, wait) {
          if ((await port.counts()).sealed) return { accepted: 0, state: "sealed" };
          return producer.offer(first, items, wait);
        },
      }),
    }),
  },
  {
    what: "says that it copies at once, and copies when there is room",
    rule: "VALUE-6",
    message: /what came out to be \[\[1,2,3\],\[4,5,6\]\], got \[\[1,2,3\],\[99,99,99\]\]/,
    decorate: () => ({ producer: () => ({ copiesAtOnce: true }) }),
  },
  {
    what: "loses what travels beside an item that comes back",
    rule: "VALUE-13",
    message: /the headers of the second delivery/,
    decorate: () => ({
      consumer: (consumer) => ({
        async poll(max, wait, lease) {
          const { deliveries, state } = await consumer.poll(max, wait, lease);
          const first = (one: Delivery) => (one.deliveries === 1 ? one : { ...one, envelope: undefined });
          return { deliveries: deliveries.map(first), state };
        },
      }),
    }),
  },
  {
    what: "stores an envelope without its first byte",
    rule: "VALUE-14",
    message: /envelope 2/,
    decorate: () => ({
      producer: (producer) => ({
        offer: (first, items, wait, envelopes) =>
          producer.offer(
            first,
            items,
            wait,
            envelopes?.map((one) => (one !== undefined && one.length > 3 ? one.subarray(1) : one)),
          ),
      }),
    }),
  },
  {
    what: "does not count envelopes",
    rule: "BOUND-6",
    message: /an item that fits without its envelope/,
    decorate: () => ({
      producer: (producer) => ({ offer: (first, items, wait) => producer.offer(first, items, wait) }),
    }),
  },
  {
    what: "changes a byte",
    rule: "VALUE-1",
    message: /the value of .* bytes/,
    decorate: () => ({
      producer: (producer) => ({
        offer: (first, items, wait) =>
          producer.offer(
            first,
            items.map((item) => item.map((byte) => (byte === 255 ? 254 : byte))),
            wait,
          ),
      }),
    }),
  },
  {
    what: "hands out memory that it uses again",
    rule: "VALUE-12",
    message: /to keep its bytes/,
    decorate: () => {
      const memory = new Uint8Array(400_000);
      return {
        consumer: (consumer) => ({
          async poll(max, wait, lease) {
            const { deliveries, state } = await consumer.poll(max, wait, lease);
            let at = 0;
            const shared = deliveries.map((one) => {
              memory.set(one.item, at);
              at += one.item.byteLength;
              return { ...one, item: memory.subarray(at - one.item.byteLength, at) };
            });
            return { deliveries: shared, state };
          },
        }),
      };
    },
  },
  {
    what: "does not count what it handed out",
    rule: "COUNT-3",
    message: /Expected produced to be the sum of where items went after .*a take/,
    decorate: () => ({
      port: (port) => ({ counts: async () => ({ ...(await port.counts()), consumed: 0 }) }),
    }),
  },
  {
    what: "leaves others to a buffer that was destroyed",
    rule: "LIFE-11",
    message: /Expected a waiting call/,
    decorate: () => ({ port: (port) => ({ destroy: () => port.close() }) }),
  },
  {
    what: "claims an exact peak that it only samples",
    rule: "BOUND-9",
    message: /Expected the peak, claimed to be exact/,
    decorate: () => ({
      port: (port) => ({
        async counts() {
          const counts = await port.counts();
          return { ...counts, peak: counts.ready + counts.leased + counts.parked };
        },
      }),
    }),
  },
  {
    what: "claims that a release is free, and counts it",
    rule: "LEASE-3",
    message: /lease 2 to be \{"deliveries":2,"failures":0\}/,
    decorate: () => ({
      consumer: (consumer) => ({
        settle: (settlements) =>
          consumer.settle(
            settlements.map((one) =>
              one.kind === "release"
                ? { kind: "nack", token: one.token, reason: "released", delayMs: 0 }
                : one,
            ),
          ),
      }),
    }),
  },
  {
    what: "claims in-place returns, and hands out what came back last",
    rule: "ORDER-4",
    message: /what came out after 3, 1 and 2 had been given back/,
    decorate: () => ({
      consumer: (consumer) => ({
        // What is given back waits until somebody asks twice.
        settle: (settlements) =>
          consumer.settle(
            settlements.map((one) =>
              one.kind === "release" || one.kind === "nack"
                ? { kind: "nack", token: one.token, reason: "later", delayMs: one.kind === "nack" ? 30 : 10 }
                : one,
            ),
          ),
      }),
    }),
  },
  {
    what: "claims more for a buffer than its transport does",
    rule: "LIFE-18",
    message: /no more than its transport, it does in survives/,
    decorate: () => ({
      port: (port) => ({ capabilities: { ...port.capabilities, survives: ["participant"] } }),
    }),
  },
  {
    what: "meets a wish for durability with nothing",
    rule: "LIFE-19",
    message: /create with a durability that cannot be had to reject with CAPABILITY_MISSING, it resolved/,
    decorate: () => ({ create: (spec) => [spec, {}] }),
  },
  {
    what: "keeps the bytes of what has left",
    rule: "BOUND-7",
    message: /the bytes of earlier rounds were never given back/,
    decorate: () => {
      let bytes = 0;
      return {
        producer: (producer, port) => ({
          async offer(first, items, wait) {
            bytes += items.reduce((sum, item) => sum + item.byteLength, 0);
            if (bytes > 8 * port.spec.bufferBytesMax) return { accepted: 0, state: "full", fullBy: "bytes" };
            return producer.offer(first, items, wait);
          },
        }),
      };
    },
  },
  {
    what: "counts only the first delivery",
    rule: "LEASE-2",
    message: /the second lease to be \{"deliveries":2,"failures":1\}/,
    decorate: () => ({
      consumer: (consumer) => ({
        async poll(max, wait, lease) {
          const { deliveries, state } = await consumer.poll(max, wait, lease);
          return { deliveries: deliveries.map((one) => ({ ...one, deliveries: 1 })), state };
        },
      }),
    }),
  },
  {
    what: "drops an item whose dead-letter list is full",
    rule: "LEASE-11",
    message: /the counts to be \{"parked":2/,
    decorate: () => ({
      consumer: (consumer) => ({
        settle: (settlements) =>
          consumer.settle(
            settlements.map((one) =>
              one.kind === "bury" || one.kind === "nack" ? { kind: "ack", token: one.token } : one,
            ),
          ),
      }),
    }),
  },
];
