// Wrong in one way each: LEASE.
import type { Delivery, Settled } from "@sluice/core";
import type { Decoration } from "../decorate.js";
import { type Broken, madeAs, polled, settling } from "./broken.js";

export const brokenLease: readonly Broken[] = [
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

  {
    what: "gives back what was acked",
    rule: "LEASE-1",
    message: /tryTake after the ack/,
    decorate: () => settling((one) => (one.kind === "ack" ? { kind: "release", token: one.token } : one)),
  },
  {
    what: "never ends a lease",
    rule: "LEASE-4",
    message: /Expected a lease to settle/,
    decorate: () => ({
      consumer: (consumer) => ({
        poll: (max, wait, lease) => consumer.poll(max, wait, lease && { leaseMs: 3_600_000 }),
      }),
    }),
  },
  {
    what: "does nothing to extend a lease",
    rule: "LEASE-6",
    message: /Expected the item to stay|LEASE_LOST/,
    decorate: () => extending(0),
  },
  {
    what: "extends a lease once",
    rule: "LEASE-21",
    message: /the number of times the body ran|LEASE_LOST|only the end/,
    decorate: () => extending(1),
  },
  {
    what: "says that it has extended a lease that was lost",
    rule: "LEASE-7",
    message: /the extend of the lease that ran out to reject with LEASE_LOST, it resolved/,
    decorate: () => ({
      consumer: (consumer) => ({
        async settle(settlements) {
          const answers = await consumer.settle(settlements);
          return answers.map((answer, i) => (settlements[i]?.kind === "extend" ? "settled" : answer));
        },
      }),
    }),
  },
  {
    what: "gives an item one more try than failuresMax",
    rule: "LEASE-8",
    message: /what came out next/,
    decorate: () => madeAs(({ failuresMax }) => ({ failuresMax: failuresMax + 1 })),
  },
  {
    what: "does not say why a lease ended",
    rule: "LEASE-9",
    message: /the reason of the dead letter to be "lease expired"/,
    decorate: () => withReasons((reason) => (reason === "lease expired" ? "" : reason)),
  },
  {
    what: "writes reasons in Latin letters",
    rule: "LEASE-24",
    message: /the reasons/,
    decorate: () => withReasons((reason) => Buffer.from(reason, "latin1").toString("latin1")),
  },
  {
    what: "keeps one dead letter too many",
    rule: "LEASE-10",
    message: /the counts with three buried/,
    decorate: () => madeAs(({ deadLettersMax }) => ({ deadLettersMax: deadLettersMax + 1 })),
  },
  {
    what: "takes no notice of a nack's delay",
    rule: "LEASE-12",
    message: /the counts during the delay/,
    decorate: () => settling((one) => (one.kind === "nack" ? { ...one, delayMs: 0 } : one)),
  },
  {
    what: "counts every failure twice",
    rule: "LEASE-13",
    message: /the failures after two equal nacks to be 1, got 2/,
    decorate: () =>
      polled(({ deliveries, state }) => ({
        state,
        deliveries: deliveries.map((one) => ({ ...one, failures: one.failures * 2 })),
      })),
  },
  {
    what: "keeps the leases of whoever has gone",
    rule: "LEASE-14",
    message: /the items of closed holders are ready again/,
    decorate: () => ({ port: () => ({ close: async () => {} }), consumer: () => ({ close() {} }) }),
  },
  {
    what: "settles the first of several",
    rule: "LEASE-15",
    message: /the counts to be/,
    decorate: () => ({
      consumer: (consumer) => ({
        async settle(settlements) {
          await consumer.settle(settlements.slice(0, 1));
          return settlements.map(() => "settled");
        },
      }),
    }),
  },
  {
    what: "requeues what is no dead letter any more",
    rule: "LEASE-16",
    message: /requeue of what is no dead letter any more/,
    decorate: () => ({
      port: (port) => ({
        deadLetters: {
          ...port.deadLetters,
          async requeue(sequence) {
            const answer = await port.deadLetters.requeue(sequence);
            return answer === "missing" ? "requeued" : answer;
          },
        },
      }),
    }),
  },
  {
    what: "lists dead letters from the newest on",
    rule: "LEASE-17",
    message: /the dead letters, page by page/,
    decorate: () => ({
      port: (port) => ({
        deadLetters: {
          ...port.deadLetters,
          list: async (max, after) => [...(await port.deadLetters.list(max, after))].reverse(),
        },
      }),
    }),
  },
  {
    what: "gives an item up that came back 50 times",
    rule: "LEASE-18",
    message: /what was consumed|the number of dead letters|leaseMany of 3 to settle/,
    decorate: () => {
      const hopeless = new Set<unknown>();
      return {
        consumer: (consumer) => ({
          async poll(max, wait, lease) {
            const answer = await consumer.poll(max, wait, lease);
            for (const { token, deliveries } of answer.deliveries) if (deliveries >= 50) hopeless.add(token);
            return answer;
          },
          settle: (settlements) =>
            consumer.settle(
              settlements.map((one) =>
                one.kind === "nack" && hopeless.has(one.token)
                  ? { kind: "bury", token: one.token, reason: one.reason }
                  : one,
              ),
            ),
        }),
      };
    },
  },
  {
    what: "answers settlements in an order of its own",
    rule: "LEASE-19",
    message: /five settlements/,
    decorate: () => ({
      consumer: (consumer) => ({
        settle: async (settlements) => [...(await consumer.settle(settlements))].sort(),
      }),
    }),
  },
  {
    what: "has one token for an item, however often it is handed out",
    rule: "LEASE-20",
    message: /Expected a fresh token/,
    decorate: () => {
      const current = new Map<unknown, Delivery["token"]>();
      return {
        consumer: (consumer) => ({
          async poll(max, wait, lease) {
            const { deliveries, state } = await consumer.poll(max, wait, lease);
            const own = (one: Delivery): Delivery => {
              if (one.token === undefined) return one;
              current.set(one.sequence, one.token);
              return { ...one, token: one.sequence };
            };
            return { deliveries: deliveries.map(own), state };
          },
          settle: (settlements) =>
            consumer.settle(
              settlements.map((one) => ({ ...one, token: current.get(one.token) ?? one.token })),
            ),
        }),
      };
    },
  },
  {
    what: "moves parked items on in the order in which they were parked",
    rule: "LEASE-22",
    message: /the only dead letter to be "parked last", got "parked first"/,
    decorate: () => {
      // It keeps what is to be buried while the list is full, and so decides itself what comes next.
      const parked: (() => unknown)[] = [];
      return {
        consumer: (consumer, port) => ({
          poll: (max, wait, lease) => consumer.poll(max, wait, lease && { leaseMs: 3_600_000 }),
          async settle(settlements) {
            const answers: Settled[] = [];
            for (const one of settlements) {
              const { dead } = await port.counts();
              if (one.kind === "bury" && dead >= port.spec.deadLettersMax) {
                parked.push(() => consumer.settle([one]));
                answers.push("settled");
              } else answers.push(...(await consumer.settle([one])));
            }
            return answers;
          },
        }),
        port: (port) => ({
          async counts() {
            const counts = await port.counts();
            return {
              ...counts,
              leased: counts.leased - parked.length,
              parked: counts.parked + parked.length,
            };
          },
          deadLetters: {
            ...port.deadLetters,
            async remove(sequence) {
              const answer = await port.deadLetters.remove(sequence);
              await parked.shift()?.();
              return answer;
            },
          },
        }),
      };
    },
  },
];

/** The first `times` of the extends take place; the others are only said to have. */
function extending(times: number): Decoration {
  let extended = 0;
  return {
    consumer: (consumer) => ({
      async settle(settlements) {
        const done = settlements.filter((one) => one.kind !== "extend" || extended++ < times);
        const answers = [...(await consumer.settle(done))];
        return settlements.map((one) => (done.includes(one) ? (answers.shift() ?? "lost") : "settled"));
      },
    }),
  };
}

function withReasons(change: (reason: string) => string): Decoration {
  return {
    port: (port) => ({
      deadLetters: {
        ...port.deadLetters,
        list: async (max, after) =>
          (await port.deadLetters.list(max, after)).map((one) => ({ ...one, reason: change(one.reason) })),
      },
    }),
  };
}
