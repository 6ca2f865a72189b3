// Wrong in one way each: SEAL.
import { setImmediate as turn } from "node:timers/promises";
import type { Delivery } from "@sluice/core";
import { type Broken, now, polling, settling, untilEnded } from "./broken.js";

export const brokenSeal: readonly Broken[] = [
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
          async offer(first, items, wait, envelopes) {
            if (sealed) return { accepted: 0, state: "sealed" };
            await turn();
            const offered = await producer.offer(first, items, wait, envelopes);
            return offered.state === "sealed" ? { accepted: items.length, state: "open" } : offered;
          },
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
    what: "discards with every seal",
    rule: "SEAL-1",
    message: /the end came after 0|take 1 of 3/,
    decorate: () => ({ port: (port) => ({ seal: () => port.seal({ discard: true }) }) }),
  },
  {
    what: "leaves takes waiting that a seal should end",
    rule: "SEAL-3",
    message: /Expected a waiting take to settle/,
    decorate: () => ({
      consumer: (consumer) => ({
        async poll(max, wait, lease) {
          const first = await consumer.poll(max, now(wait), lease);
          if (first.state !== "empty") return first;
          const answer = await consumer.poll(max, wait, lease);
          return answer.state === "drained" ? untilEnded(wait, answer) : answer;
        },
      }),
    }),
  },
  {
    what: "leaves puts waiting that a seal should refuse",
    rule: "SEAL-4",
    message: /Expected a waiting put to settle|a waiting put to reject/,
    decorate: () => ({
      producer: (producer) => ({
        async offer(first, items, wait, envelopes) {
          const once = await producer.offer(first, items, now(wait), envelopes);
          if (once.state !== "full" || once.accepted > 0) return once;
          const offered = await producer.offer(first, items, wait, envelopes);
          return offered.state === "sealed" ? untilEnded(wait, offered) : offered;
        },
      }),
    }),
  },
  {
    what: "loses all but the first item of a poll when the seal comes",
    rule: "SEAL-6",
    message: /what came out of takeMany, leaseMany and later takes/,
    decorate: () => ({
      consumer: (consumer, port) => ({
        async poll(max, wait, lease) {
          const answer = await consumer.poll(max, wait, lease);
          await turn();
          const { sealed } = await port.counts();
          return sealed && lease === undefined
            ? { ...answer, deliveries: answer.deliveries.slice(0, 1) }
            : answer;
        },
      }),
    }),
  },
  {
    what: "tells everybody who seals that it was them",
    rule: "SEAL-7",
    message: /the number of seals that did it to be 1, got 3/,
    decorate: () => ({
      port: (port) => ({
        async seal(options) {
          await port.seal(options);
          return true;
        },
      }),
    }),
  },
  {
    what: "takes what comes back after the seal for done",
    rule: "SEAL-9",
    message: /Expected the take, after a nack to settle/,
    decorate: () => {
      let sealed = false;
      return {
        ...settling((one) =>
          sealed && (one.kind === "nack" || one.kind === "release") ? { kind: "ack", token: one.token } : one,
        ),
        port: (port) => ({
          async seal(options) {
            sealed = true;
            return port.seal(options);
          },
        }),
      };
    },
  },
  {
    what: "never discards",
    rule: "SEAL-10",
    message: /the counts after the seal/,
    decorate: () => ({ port: (port) => ({ seal: () => port.seal({ discard: false }) }) }),
  },
  {
    what: "takes a second seal for a repetition, whatever it asks for",
    rule: "SEAL-11",
    message: /what the seal that discards resolved with to be true, got false/,
    decorate: () => {
      let sealed = false;
      return {
        port: (port) => ({
          async seal(options) {
            if (sealed) return false;
            sealed = true;
            return port.seal(options);
          },
        }),
      };
    },
  },
  {
    what: "is drained as soon as it is sealed",
    rule: "SEAL-12",
    message: /drained\(\) with an item ready to go on waiting, it resolved/,
    decorate: () => ({
      port: (port) => ({
        drained: (wait) =>
          polling(
            wait,
            async () => (await port.counts()).sealed,
            (isSealed) => isSealed,
          ),
      }),
    }),
  },
  {
    what: "fetches an item ahead",
    rule: "SEAL-13",
    message: /the number of items ready after leaving the loop/,
    decorate: () => ({
      consumer: (consumer) => {
        const ahead: Delivery[] = [];
        return {
          async poll(max, wait, lease) {
            const first = ahead.shift();
            if (first !== undefined) {
              ahead.push(...(await consumer.poll(1, now(wait))).deliveries);
              return { deliveries: [first], state: "open" };
            }
            if (lease !== undefined) return consumer.poll(max, wait, lease);
            const answer = await consumer.poll(max + 1, wait);
            ahead.push(...answer.deliveries.slice(max));
            return { ...answer, deliveries: answer.deliveries.slice(0, max) };
          },
        };
      },
    }),
  },
];
