// Wrong in one way each: COUNT.
import { type Broken, offering } from "./broken.js";

export const brokenCount: readonly Broken[] = [
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
    what: "does not count what it handed out",
    rule: "COUNT-3",
    message: /Expected produced to be the sum of where items went after .*a take/,
    decorate: () => ({
      port: (port) => ({ counts: async () => ({ ...(await port.counts()), consumed: 0 }) }),
    }),
  },

  {
    what: "drops the ninth item",
    rule: "COUNT-1",
    message: /what came out/,
    decorate: () => offering((n) => (n === 9 ? 0 : 1)),
  },
  {
    what: "counts whoever ever waited",
    rule: "COUNT-5",
    message: /no call is counted as waiting when none waits/,
    decorate: () => {
      let waits = 0;
      return {
        port: (port) => ({
          counts: async () => ({ ...(await port.counts()), waitingConsumers: Math.min(waits, 2) }),
        }),
        consumer: (consumer) => ({
          poll(max, wait, lease) {
            const onWait = () => {
              waits++;
              wait.onWait();
            };
            return consumer.poll(max, { ...wait, onWait }, lease);
          },
        }),
      };
    },
  },
  {
    what: "claims an exact peak, and tells how many ever came, as far as they fit",
    rule: "COUNT-6",
    message: /Expected a peak, claimed to be exact, that fits the history/,
    decorate: () => ({
      port: (port) => ({
        async counts() {
          const counts = await port.counts();
          return { ...counts, peak: Math.min(counts.produced, port.spec.capacity) };
        },
      }),
    }),
  },
  {
    what: "forgets one of many in what was consumed",
    rule: "MODEL-1",
    message: /Expected produced to be the sum of where items went/,
    decorate: () => ({
      port: (port) => ({
        async counts() {
          const counts = await port.counts();
          return { ...counts, consumed: counts.consumed - (counts.consumed > 10 ? 1 : 0) };
        },
      }),
    }),
  },
  {
    what: "takes a dead letter that was removed for consumed",
    rule: "MODEL-2",
    message: /the counts/,
    decorate: () => {
      let removed = 0;
      return {
        port: (port) => ({
          deadLetters: {
            ...port.deadLetters,
            async remove(sequence) {
              const answer = await port.deadLetters.remove(sequence);
              if (answer === "removed") removed++;
              return answer;
            },
          },
          async counts() {
            const counts = await port.counts();
            const { discarded, consumed } = counts;
            return { ...counts, discarded: discarded - removed, consumed: consumed + removed };
          },
        }),
      };
    },
  },
  {
    what: "says once that nothing is there, to somebody who tries, after another one gave up waiting for an item",
    rule: "MODEL-3",
    message: /In history \d+, capacity \d: (P6|S)/,
    decorate: () => {
      let owed = 0;
      return {
        consumer: (consumer, port) => ({
          async poll(max, wait, lease) {
            if (wait.maxMs === 0 && owed > 0 && (await port.counts()).ready > 0) {
              owed--;
              return { deliveries: [], state: "empty" };
            }
            const answer = await consumer.poll(max, wait, lease);
            if (wait.signal.aborted && answer.deliveries.length === 0) owed++;
            return answer;
          },
        }),
      };
    },
  },
  {
    what: "tells each handle what came through it",
    rule: "COUNT-4",
    message: /the counts of another handle/,
    decorate: () => {
      const own = new WeakMap<object, number>();
      return {
        port: (port) => ({
          counts: async () => ({ ...(await port.counts()), produced: own.get(port) ?? 0 }),
        }),
        producer: (producer, port) => ({
          async offer(first, items, wait, envelopes) {
            const offered = await producer.offer(first, items, wait, envelopes);
            own.set(port, (own.get(port) ?? 0) + offered.accepted);
            return offered;
          },
        }),
      };
    },
  },
];
