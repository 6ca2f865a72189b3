// What an entry of the gallery is, and steps that several of them take.
import { setTimeout as sleep } from "node:timers/promises";
import type { BufferSpec, ConsumerPort, MaybePromise, Offered, Polled, Settlement, Wait } from "@sluice/core";
import type { Decoration } from "../decorate.js";

export interface Broken {
  /** What the transport does: it "drops 1 item in 20". */
  readonly what: string;
  /** The rule that names it, and what its message must contain. */
  readonly rule: string;
  readonly message: RegExp;
  readonly decorate: () => Decoration;
}

export const now = (wait: Wait): Wait => ({ ...wait, maxMs: 0, onWait: () => {} });

/** Offers items one by one, each as often as `times` says; to the caller it looks as if each had been taken once. */
export function offering(times: (n: number) => number): Decoration {
  let n = 0;
  return {
    producer: (producer) => {
      let shift = 0;
      return {
        async offer(first, items, wait, envelopes): Promise<Offered> {
          for (const [i, item] of items.entries()) {
            const copies = times(++n);
            for (let copy = 0; copy < copies; copy++) {
              const offered = await producer.offer(
                first + i + shift + copy,
                [item],
                i === 0 ? wait : now(wait),
                envelopes && [envelopes[i]],
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

/** Attempts again and again until the wait is over: how a transport waits that has nobody to wake it. */
export async function polling<T>(
  wait: Wait,
  attempt: () => MaybePromise<T>,
  isOver: (answer: T) => boolean,
  clock: () => number = () => performance.now(),
): Promise<T> {
  const end = clock() + wait.maxMs;
  for (let isFirst = true; ; isFirst = false) {
    const answer = await attempt();
    if (isOver(answer) || wait.signal.aborted || clock() >= end) return answer;
    if (isFirst) wait.onWait();
    await sleep(1);
  }
}

/** One listener for each signal, however many wait on it. */
const ends = new WeakMap<AbortSignal, Promise<void>>();

/** Resolves when the wait is ended by its signal, and never by itself. */
export async function untilEnded<T>({ signal }: Wait, answer: T): Promise<T> {
  let end = ends.get(signal);
  if (end === undefined) {
    end = new Promise((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    ends.set(signal, end);
  }
  await end;
  return answer;
}

/** A buffer that is made otherwise than it says. */
export function madeAs(change: (spec: BufferSpec) => Partial<BufferSpec>): Decoration {
  let asked: BufferSpec | undefined;
  return {
    create(spec, wishes) {
      asked = spec;
      return [{ ...spec, ...change(spec) }, wishes];
    },
    port: (port) => ({ spec: asked ?? port.spec }),
  };
}

/** One whose room is what `occupied` leaves of the capacity. */
export function withRoomBeside(
  occupied: (counts: { ready: number; leased: number; parked: number }) => number,
): Decoration {
  return {
    ...madeAs(({ capacity }) => ({ capacity: capacity * 4 })),
    producer: (producer, port) => ({
      offer: (first, items, wait, envelopes) =>
        polling<Offered>(
          wait,
          async () => {
            const room = port.spec.capacity / 4 - occupied(await port.counts());
            if (room <= 0) return { accepted: 0, state: "full", fullBy: "items" };
            const offered = await producer.offer(first, items.slice(0, room), now(wait), envelopes);
            return offered.accepted < items.length && offered.state === "open"
              ? { ...offered, state: "full", fullBy: "items" }
              : offered;
          },
          ({ accepted, state }) => accepted > 0 || state === "sealed",
        ),
    }),
  };
}

/** What polls answer is changed on its way. */
export function polled(change: (polled: Polled) => Polled): Decoration {
  return {
    consumer: (consumer) => ({
      poll: async (max, wait, lease) => change(await consumer.poll(max, wait, lease)),
    }),
  };
}

/** Settlements are changed on their way. */
export function settling(change: (one: Settlement) => Settlement): Decoration {
  return {
    consumer: (consumer: ConsumerPort) => ({
      settle: (settlements: readonly Settlement[]) => consumer.settle(settlements.map(change)),
    }),
  };
}

/** Bytes are changed when they are put. */
export function storing(change: (item: Uint8Array) => Uint8Array): Decoration {
  return {
    producer: (producer) => ({
      offer: (first, items, wait, envelopes) => producer.offer(first, items.map(change), wait, envelopes),
    }),
  };
}
