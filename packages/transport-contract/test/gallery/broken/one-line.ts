// A waiting line of its own for all who wait, in which a change wakes one: the first, whatever that one waits for.
import { setTimeout as sleep } from "node:timers/promises";
import type { MaybePromise, Offered, Polled, Settlement, Wait } from "@sluice/core";
import type { Decoration } from "../decorate.js";
import { now, untilEnded } from "./broken.js";

type Kind = "producer" | "consumer" | "drained";

/** What ends, or is only due later, wakes all: nothing else is wrong with it. */
export function wakingFirstOfAll(): Decoration {
  const line: { readonly kind: Kind; wake(): void }[] = [];
  const wakeFirst = () => line.shift()?.wake();
  const wakeAll = () => {
    for (const { wake } of line.splice(0)) wake();
  };
  const wakeAllAfter = (ms: number) => setTimeout(wakeAll, ms + 2).unref();
  const waitingOf = (kind: Kind) => line.filter((one) => one.kind === kind).length;

  const inLine = async <T>(
    kind: Kind,
    wait: Wait,
    attempt: (wait: Wait) => MaybePromise<T>,
    isServed: (answer: T) => boolean,
  ): Promise<T> => {
    const end = performance.now() + wait.maxMs;
    for (let isFirst = true; ; isFirst = false) {
      const answer = await attempt(now(wait));
      const leftMs = end - performance.now();
      if (isServed(answer) || wait.signal.aborted || leftMs <= 0) return answer;
      if (isFirst) wait.onWait();
      const clock = new AbortController();
      const place = { kind, wake: () => {} };
      const woken = new Promise<void>((resolve) => {
        place.wake = resolve;
      });
      line.push(place);
      const ends = [woken, untilEnded(wait, undefined)];
      if (leftMs < 2 ** 31) ends.push(sleep(leftMs, undefined, clock).catch(() => {}));
      await Promise.race(ends);
      clock.abort();
      if (line.includes(place)) line.splice(line.indexOf(place), 1);
    }
  };
  const after = <A extends unknown[], R>(call: (...args: A) => MaybePromise<R>, wake: () => void) => {
    return async (...args: A): Promise<R> => {
      try {
        return await call(...args);
      } finally {
        wake();
      }
    };
  };

  return {
    port: (port) => ({
      seal: after(port.seal, wakeAll),
      close: after(port.close, wakeAll),
      destroy: after(port.destroy, wakeAll),
      drained: (wait) => inLine("drained", wait, port.drained, (isDrained) => isDrained),
      counts: async () => ({
        ...(await port.counts()),
        waitingProducers: waitingOf("producer"),
        waitingConsumers: waitingOf("consumer"),
      }),
      deadLetters: {
        ...port.deadLetters,
        requeue: after(port.deadLetters.requeue, wakeAll),
        remove: after(port.deadLetters.remove, wakeAll),
      },
    }),
    producer: (producer) => ({
      offer: (first, items, wait, envelopes) =>
        inLine<Offered>(
          "producer",
          wait,
          async (once) => {
            const offered = await producer.offer(first, items, once, envelopes);
            if (offered.accepted > 0) wakeFirst();
            return offered;
          },
          ({ accepted, state }) => accepted > 0 || state !== "full",
        ),
    }),
    consumer: (consumer) => ({
      poll: (max, wait, lease) =>
        inLine<Polled>(
          "consumer",
          wait,
          async (once) => {
            const polled = await consumer.poll(max, once, lease);
            if (polled.deliveries.length > 0) wakeFirst();
            if (polled.deliveries.length > 0 && lease !== undefined) wakeAllAfter(lease.leaseMs);
            return polled;
          },
          ({ state }) => state !== "empty",
        ),
      async settle(settlements: readonly Settlement[]) {
        const settled = await consumer.settle(settlements);
        for (const one of settlements) {
          if (one.kind === "extend") wakeAllAfter(one.leaseMs);
          if (one.kind === "nack" && one.delayMs > 0) wakeAllAfter(one.delayMs);
        }
        wakeFirst();
        return settled;
      },
      close: after(consumer.close, wakeAll),
    }),
  };
}
