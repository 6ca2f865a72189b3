// Wrong only when there is much of something.
import { openSync } from "node:fs";
import { type Broken, offering } from "./broken.js";

export const brokenStress: readonly Broken[] = [
  {
    what: "drops 1 item in 1,000",
    rule: "STRESS-1",
    message: /With 1 producers and 1 consumers at capacity \d+:/,
    decorate: () => offering((n) => (n % 1000 === 0 ? 0 : 1)),
  },
  {
    what: "drops what the producers beyond 64 put",
    rule: "STRESS-2",
    message: /With 100 producers and 100 consumers at capacity 5:/,
    decorate: () => {
      let producers = 0;
      return {
        producer: (producer) =>
          ++producers <= 64
            ? {}
            : {
                offer: (_first, items) => ({ accepted: items.length, state: "open" }),
                close: () => producer.close(),
              },
      };
    },
  },
  {
    what: "opens a descriptor with each handle, and closes none",
    rule: "STRESS-3",
    message: /is in use after/,
    decorate: () => ({
      port() {
        openSync("/dev/null", "r");
        return {};
      },
    }),
  },
  {
    what: "keeps the bytes of every item",
    rule: "STRESS-4",
    message: /bytes more after/,
    decorate: () => {
      const all: Uint8Array[] = [];
      return {
        producer: (producer) => ({
          offer(first, items, wait, envelopes) {
            all.push(...items.map((item) => Uint8Array.from(item)));
            return producer.offer(first, items, wait, envelopes);
          },
        }),
      };
    },
  },
  {
    what: "acks what a consumer leaves with in hand",
    rule: "STRESS-5",
    message: /what came out/,
    decorate: () => ({
      consumer(consumer) {
        const open = new Set<string | number>();
        return {
          async poll(max, wait, lease) {
            const answer = await consumer.poll(max, wait, lease);
            for (const { token } of answer.deliveries) if (token !== undefined) open.add(token);
            return answer;
          },
          settle(settlements) {
            for (const { token } of settlements) open.delete(token);
            return consumer.settle(settlements);
          },
          async close() {
            await consumer.settle([...open].map((token) => ({ kind: "ack", token })));
            await consumer.close();
          },
        };
      },
    }),
  },
];
