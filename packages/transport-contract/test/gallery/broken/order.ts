// Wrong in one way each: ORDER.
import { setTimeout as sleep } from "node:timers/promises";
import type { Delivery, Polled, Wait } from "@sluice/core";
import { type Broken, now, polled } from "./broken.js";

const NO_WAIT: Wait = { maxMs: 0, signal: new AbortController().signal, onWait() {} };

export const brokenOrder: readonly Broken[] = [
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
    what: "lets those who wait for room in last come, first served",
    rule: "ORDER-6",
    message: /what came out to be \[0,1,2,3,4\], got \[4,3,2,1,0\]/,
    decorate: () => ({
      producer(producer, port) {
        const line: (readonly [Uint8Array, Uint8Array | undefined])[] = [];
        let sequence = producer.lastSequence;
        const letIn = async () => {
          while (line.length > 0) {
            await sleep(1);
            if ((await port.counts()).ready === port.spec.capacity) continue;
            const [item, envelope] = line.pop() as (typeof line)[number];
            await producer.offer(++sequence, [item], NO_WAIT, [envelope]);
          }
        };
        return {
          async offer(_first, items, _wait, envelopes) {
            const isFirst = line.length === 0;
            for (const [i, item] of items.entries()) line.push([Buffer.from(item), envelopes?.[i]]);
            if (isFirst) void letIn().catch(() => {});
            return { accepted: items.length, state: "open" };
          },
        };
      },
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
    what: "hands out the newest first",
    rule: "ORDER-2",
    message: /to see .*'s items in order/,
    decorate: () => {
      const stack: Delivery[] = [];
      return {
        consumer: (consumer) => ({
          async poll(max, wait, lease) {
            if (lease !== undefined) return consumer.poll(max, wait, lease);
            const answer = await consumer.poll(4, stack.length > 0 ? now(wait) : wait);
            stack.push(...answer.deliveries);
            const newest = stack.pop();
            return newest === undefined ? answer : { deliveries: [newest], state: "open" };
          },
        }),
      };
    },
  },
  {
    what: "hands out the items of one poll in reverse",
    rule: "ORDER-3",
    message: /Expected what the takes got, in the order of their calls|has a defect/,
    decorate: () => polled(({ deliveries, state }) => ({ deliveries: [...deliveries].reverse(), state })),
  },
  {
    what: "hands out one item, however many are asked for",
    rule: "ORDER-5",
    message: /takeMany of 3 to be \[1,2,3\], got \[1\]/,
    decorate: () => ({
      consumer: (consumer) => ({ poll: (_max, wait, lease) => consumer.poll(1, wait, lease) }),
    }),
  },
];
