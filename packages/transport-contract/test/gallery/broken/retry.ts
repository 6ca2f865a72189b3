// Wrong in one way each: RETRY.
import { isBufferError } from "@sluice/core";
import type { Broken } from "./broken.js";

export const brokenRetry: readonly Broken[] = [
  {
    what: "puts a retried item in again",
    rule: "RETRY-1",
    message: /the counts after three offers of one item/,
    decorate: () => ({
      producer: (producer) => {
        let next = producer.lastSequence + 1;
        return {
          async offer(_first, items, wait, envelopes) {
            const offered = await producer.offer(next, items, wait, envelopes);
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
        async offer(first, items, wait, envelopes) {
          if ((await port.counts()).sealed) return { accepted: 0, state: "sealed" };
          return producer.offer(first, items, wait, envelopes);
        },
      }),
    }),
  },

  {
    what: "says full to a retry",
    rule: "RETRY-2",
    message: /a retry while full/,
    decorate: () => ({
      producer: (producer, port) => ({
        async offer(first, items, wait, envelopes) {
          const { ready, leased, parked } = await port.counts();
          return ready + leased + parked >= port.spec.capacity && wait.maxMs === 0
            ? { accepted: 0, state: "full", fullBy: "items" }
            : producer.offer(first, items, wait, envelopes);
        },
      }),
    }),
  },
  {
    what: "takes a batch for accepted whose front was",
    rule: "RETRY-4",
    message: /all five again/,
    decorate: () => ({
      producer: (producer) => {
        let last = producer.lastSequence;
        return {
          async offer(first, items, wait, envelopes) {
            if (first <= last) return { accepted: items.length, state: "open" };
            const offered = await producer.offer(first, items, wait, envelopes);
            last = Math.max(last, first + offered.accepted - 1);
            return offered;
          },
        };
      },
    }),
  },
  {
    what: "goes over a gap",
    rule: "RETRY-5",
    message: /an offer of sequence 3 after 1 to reject with INVALID_ARGUMENT, it resolved/,
    decorate: () => ({
      producer: (producer) => {
        let last = producer.lastSequence;
        return {
          async offer(first, items, wait, envelopes) {
            const offered = await producer.offer(Math.min(first, last + 1), items, wait, envelopes);
            last = Math.max(last, Math.min(first, last + 1) + offered.accepted - 1);
            return offered;
          },
        };
      },
    }),
  },
  {
    what: "lets an earlier holder of an id register itself again",
    rule: "RETRY-6",
    message: /the earlier holder's offer|the last sequence/,
    decorate: () => ({
      port: (port) => ({
        async producer(id) {
          let own = await port.producer(id);
          return {
            ...own,
            async offer(first, items, wait, envelopes) {
              try {
                return await own.offer(first, items, wait, envelopes);
              } catch (error) {
                if (!isBufferError(error, "HANDLE_CLOSED")) throw error;
                own = await port.producer(id);
                return own.offer(own.lastSequence + 1, items, wait, envelopes);
              }
            },
          };
        },
      }),
    }),
  },
  {
    what: "does not tell a producer how far it had come",
    rule: "RETRY-7",
    message: /the last sequence at registration to be 2, got 0/,
    decorate: () => ({ producer: () => ({ lastSequence: 0 }) }),
  },
  {
    what: "takes those without an id for one and the same",
    rule: "RETRY-8",
    message: /the last sequence of a new producer|HANDLE_CLOSED/,
    decorate: () => ({ port: (port) => ({ producer: (id) => port.producer(id ?? "nobody") }) }),
  },
  {
    what: "trims ids",
    rule: "RETRY-9",
    message: /the last sequence of the new id " a" to be 0, got 1/,
    decorate: () => ({ port: (port) => ({ producer: (id) => port.producer(id?.trim()) }) }),
  },
];
