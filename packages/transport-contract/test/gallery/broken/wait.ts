// Wrong in one way each: WAIT.
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import {
  BufferError,
  type ConsumerPort,
  type LeaseToken,
  type MaybePromise,
  type Offered,
  type Polled,
} from "@sluice/core";
import type { Decoration } from "../decorate.js";
import { type Broken, now, polling, untilEnded } from "./broken.js";
import { wakingOneInLine } from "./one-line.js";

/** For whatever comes of a call that nobody waits for: it ends with its buffer, at the latest. */
const atLast = (call: MaybePromise<unknown>): void => {
  Promise.resolve(call).catch(() => {});
};

export const brokenWait: readonly Broken[] = [
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
        offer(first, items, wait, envelopes) {
          const offered = producer.offer(first, items, now(wait), envelopes) as Offered;
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
    what: "enqueues a put later whose time was up",
    rule: "WAIT-3",
    message: /what came out after a later put|the number of items produced/,
    decorate: () => ({
      producer: (producer) => ({
        async offer(first, items, wait, envelopes) {
          const offered = await producer.offer(first, items, wait, envelopes);
          const { signal } = new AbortController();
          const isLate = offered.state === "full" && offered.accepted === 0 && wait.maxMs > 0;
          if (isLate)
            atLast(producer.offer(first, items, { maxMs: Infinity, signal, onWait() {} }, envelopes));
          return offered;
        },
      }),
    }),
  },
  {
    what: "takes an item for a poll whose time was up",
    rule: "WAIT-4",
    message: /the counts after a put/,
    decorate: () => ({
      consumer: (consumer) => ({
        async poll(max, wait, lease) {
          const answer = await consumer.poll(max, wait, lease);
          const { signal } = new AbortController();
          if (answer.state === "empty" && wait.maxMs > 0)
            atLast(consumer.poll(max, { maxMs: Infinity, signal, onWait() {} }, lease));
          return answer;
        },
      }),
    }),
  },
  {
    what: "takes no time for all the time there is",
    rule: "WAIT-5",
    message: /Expected the take to settle/,
    decorate: () => ({
      consumer: (consumer) => ({
        poll: (max, wait, lease) =>
          consumer.poll(max, wait.maxMs === 0 ? { ...wait, maxMs: Infinity } : wait, lease),
      }),
    }),
  },
  {
    what: "goes on with a put that was aborted",
    rule: "WAIT-7",
    message: /what came out to be \["a","c"\], got \["a","b"\]/,
    decorate: () => ({
      producer: (producer) => ({
        offer(first, items, wait, envelopes) {
          if (wait.maxMs === 0) return producer.offer(first, items, wait, envelopes);
          const never = { ...wait, signal: new AbortController().signal };
          const offered = Promise.resolve(producer.offer(first, items, never, envelopes));
          offered.catch(() => {});
          return Promise.race([offered, untilEnded<Offered>(wait, { accepted: 0, state: "open" })]);
        },
      }),
    }),
  },
  {
    what: "wakes the one in front, also if that one has gone",
    rule: "WAIT-9",
    message: /Expected the take behind the aborted one to settle/,
    decorate: () => wakingOne({ takes: "oldest", forgetsAborted: false }),
  },
  {
    what: "wakes whoever began to wait last",
    rule: "WAIT-13",
    message: /Expected each of 4 consumers to get/,
    decorate: () => wakingOne({ takes: "newest", forgetsAborted: true }),
  },
  {
    what: "says that nothing happened when the abort came after the commit",
    rule: "WAIT-10",
    message: /what came out, against the puts that resolved/,
    decorate: () => ({
      producer: (producer) => ({
        async offer(first, items, wait, envelopes) {
          const offered = await producer.offer(first, items, wait, envelopes);
          await turn();
          return wait.signal.aborted ? { accepted: 0, state: "open" } : offered;
        },
      }),
    }),
  },
  {
    what: "rejects where full was asked for",
    rule: "WAIT-11",
    message: /BUFFER_BUSY/,
    decorate: () => ({
      producer: (producer) => ({
        async offer(first, items, wait, envelopes) {
          const offered = await producer.offer(first, items, wait, envelopes);
          if (wait.maxMs === 0 && offered.state === "full")
            throw new BufferError("BUFFER_BUSY", "It is full");
          return offered;
        },
      }),
    }),
  },
  {
    what: "looks first, and listens a little later",
    rule: "WAIT-12",
    message: /puts and .* takes to settle/,
    decorate: () => {
      const listeners = new Set<() => void>();
      return {
        producer: (producer) => ({
          async offer(first, items, wait, envelopes) {
            const offered = await producer.offer(first, items, wait, envelopes);
            for (const listener of listeners) listener();
            return offered;
          },
        }),
        consumer: (consumer) => ({
          async poll(max, wait, lease) {
            for (;;) {
              const answer = await consumer.poll(max, now(wait), lease);
              if (answer.state !== "empty" || wait.maxMs === 0 || wait.signal.aborted) return answer;
              wait.onWait();
              await turn();
              const ended = untilEnded<"ended">(wait, "ended");
              const heard = new Promise<"heard">((resolve) => listeners.add(() => resolve("heard")));
              if ((await Promise.race([ended, heard])) === "ended") return { deliveries: [], state: "open" };
            }
          },
        }),
      };
    },
  },
  {
    what: "does not return when the signal says so",
    rule: "WAIT-15",
    message: /Expected a poll whose signal was aborted to settle/,
    decorate: () => ({
      consumer: (consumer) => ({
        poll: (max, wait, lease) =>
          consumer.poll(max, { ...wait, signal: new AbortController().signal }, lease),
      }),
    }),
  },
  {
    what: "says that it waits before it knows",
    rule: "WAIT-16",
    message: /the number of onWait calls of an offer with room to be 0, got 1/,
    decorate: () => ({
      producer: (producer) => ({
        offer(first, items, wait, envelopes) {
          wait.onWait();
          return producer.offer(first, items, now(wait), envelopes);
        },
      }),
    }),
  },
  {
    what: "looks at the clock again when it has taken",
    rule: "WAIT-17",
    message: /what came out to be/,
    decorate: () => lateForItsItem(2),
  },
  {
    what: "has no item for a poll that finds itself late",
    rule: "WAIT-18",
    message: /Expected take 1 of 1 to settle/,
    decorate: () => lateForItsItem(0),
  },
  {
    what: "ends leases by the wall clock",
    rule: "WAIT-19",
    message: /with the wall clock \d+ h (ahead to go on waiting, it resolved|set back, to settle)/,
    decorate: () => {
      const leases = new Map<LeaseToken, { until: number; holder: ConsumerPort }>();
      const endThoseThatAreOver = async () => {
        for (const [token, { until, holder }] of leases) {
          if (Date.now() < until) continue;
          leases.delete(token);
          await holder.settle([{ kind: "nack", token, reason: "lease expired", delayMs: 0 }]);
        }
      };
      return {
        consumer: (consumer) => ({
          poll: (max, wait, lease) =>
            polling<Polled>(
              wait,
              async () => {
                await endThoseThatAreOver();
                const answer = await consumer.poll(max, now(wait), lease && { leaseMs: 36_000_000 });
                const until = Date.now() + (lease?.leaseMs ?? 0);
                for (const { token } of answer.deliveries)
                  if (token !== undefined) leases.set(token, { until, holder: consumer });
                return answer;
              },
              ({ state }) => state !== "empty",
            ),
        }),
      };
    },
  },
  {
    what: "has one line for all who wait, and wakes the first of it, whatever that one waits for",
    rule: "WAIT-20",
    message: /Expected a waiting .* in the line .*, after .*, to settle/,
    decorate: () => wakingOneInLine("first"),
  },
  {
    what: "lets drained() have the wake-up of a put or a take that waits behind it",
    rule: "WAIT-20",
    message: /Expected a waiting .* in the line .*drained.*, after .*, to settle/,
    decorate: () => wakingOneInLine("served or drained"),
  },
];

/** A waiting line of its own, in which an offer wakes one that waits. */
function wakingOne({
  takes,
  forgetsAborted,
}: {
  takes: "oldest" | "newest";
  forgetsAborted: boolean;
}): Decoration {
  const line: (() => void)[] = [];
  return {
    port: (port) => ({
      async seal(options) {
        const did = await port.seal(options);
        for (const wake of line.splice(0)) wake();
        return did;
      },
    }),
    producer: (producer) => ({
      async offer(first, items, wait, envelopes) {
        const offered = await producer.offer(first, items, wait, envelopes);
        if (offered.accepted > 0) (takes === "oldest" ? line.shift() : line.pop())?.();
        return offered;
      },
    }),
    consumer: (consumer) => ({
      async poll(max, wait, lease) {
        for (;;) {
          const answer = await consumer.poll(max, now(wait), lease);
          if (answer.state !== "empty" || wait.maxMs === 0 || wait.signal.aborted) return answer;
          wait.onWait();
          let wake = () => {};
          const woken = new Promise<"woken">((resolve) => {
            wake = () => resolve("woken");
            line.push(wake);
          });
          const ended = untilEnded<"ended">(wait, "ended");
          if ((await Promise.race([woken, ended])) === "woken") continue;
          const place = line.indexOf(wake);
          if (forgetsAborted && place >= 0) line.splice(place, 1);
          return { deliveries: [], state: "open" };
        }
      },
    }),
  };
}

/** Items that came in time are dropped if the time is over when they are to be handed over. */
function lateForItsItem(handlingMs: number): Decoration {
  return {
    consumer: (consumer) => ({
      async poll(max, wait, lease) {
        const end = performance.now() + wait.maxMs;
        const answer = await consumer.poll(max, wait, lease);
        if (answer.deliveries.length === 0 || wait.maxMs === 0) return answer;
        if (handlingMs > 0) await sleep(handlingMs);
        return performance.now() >= end ? { deliveries: [], state: "empty" } : answer;
      },
    }),
  };
}
