// A waiting line of its own for all who wait, in which a change wakes one that it may not serve.
import { setTimeout as sleep } from "node:timers/promises";
import type { MaybePromise, Offered, Polled, Settlement, Wait } from "@sluice/core";
import type { Decoration } from "../decorate.js";
import { now, untilEnded } from "./broken.js";

type Kind = "producer" | "consumer" | "drained";

/**
 * Whatever ends, or is only due later, wakes all: nothing else is wrong with it.
 *
 * @param looksFor - whom a change wakes: the first of all, or the first of those that it serves, and of those who wait for the end.
 */
export function wakingOneInLine(looksFor: "first" | "served or drained"): Decoration {
  const line: { readonly kind: Kind; wake(): void }[] = [];
  let isSealed = false;
  const wakeOne = (served: Kind) => {
    if (isSealed) return wakeAll();
    const isMeant = ({ kind }: { kind: Kind }) =>
      looksFor === "first" || kind === "drained" || kind === served;
    const place = line.findIndex(isMeant);
    if (place >= 0) line.splice(place, 1)[0]?.wake();
  };
  const wakeAll = () => {
    for (const { wake } of line.splice(0)) wake();
  };
  const wakeAllAfter = (ms: number) => setTimeout(wakeAll, ms + 2).unref();
  const waitingOf = (kind: Kind) => line.filter((one) => one.kind === kind).length;

  const inLine = async <T>(
    kind: Kind,
    wait: Wait,
    attempt: (wait: Wait) => T,
    isServed: (answer: T) => boolean,
  ): Promise<T> => {
    const end = performance.now() + wait.maxMs;
    for (let isFirst = true; ; isFirst = false) {
      // At once, as memory answers: what changes between the look and the place in the line would wake nobody.
      const answer = attempt(now(wait));
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
      seal: after(port.seal, () => {
        isSealed = true;
        wakeAll();
      }),
      close: after(port.close, wakeAll),
      destroy: after(port.destroy, wakeAll),
      drained: (wait) =>
        inLine(
          "drained",
          wait,
          (once) => port.drained(once) as boolean,
          (isDrained) => isDrained,
        ),
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
          (once) => {
            const offered = producer.offer(first, items, once, envelopes) as Offered;
            for (let i = 0; i < offered.accepted; i++) wakeOne("consumer");
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
          (once) => {
            const polled = consumer.poll(max, once, lease) as Polled;
            for (const _delivery of polled.deliveries) {
              if (lease === undefined) wakeOne("producer");
              else wakeAllAfter(lease.leaseMs);
            }
            return polled;
          },
          ({ state }) => state !== "empty",
        ),
      async settle(settlements: readonly Settlement[]) {
        const settled = await consumer.settle(settlements);
        for (const one of settlements) {
          if (one.kind === "extend") wakeAllAfter(one.leaseMs);
          else wakeOne(one.kind === "nack" || one.kind === "release" ? "consumer" : "producer");
          if (one.kind === "nack") wakeAllAfter(one.delayMs);
        }
        return settled;
      },
      close: after(consumer.close, wakeAll),
    }),
  };
}
