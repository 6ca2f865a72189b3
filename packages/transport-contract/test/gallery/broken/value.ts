// Wrong in one way each: VALUE.
import type { Delivery } from "@sluice/core";
import { type Broken, polled, storing } from "./broken.js";

export const brokenValue: readonly Broken[] = [
  {
    what: "says that it copies at once, and copies when there is room",
    rule: "VALUE-6",
    message: /what came out to be \[\[1,2,3\],\[4,5,6\]\], got \[\[1,2,3\],\[99,99,99\]\]/,
    decorate: () => ({ producer: () => ({ copiesAtOnce: true }) }),
  },
  {
    what: "loses what travels beside an item that comes back",
    rule: "VALUE-13",
    message: /the headers of the second delivery/,
    decorate: () => ({
      consumer: (consumer) => ({
        async poll(max, wait, lease) {
          const { deliveries, state } = await consumer.poll(max, wait, lease);
          const first = (one: Delivery) => (one.deliveries === 1 ? one : { ...one, envelope: undefined });
          return { deliveries: deliveries.map(first), state };
        },
      }),
    }),
  },
  {
    what: "stores an envelope without its first byte",
    rule: "VALUE-14",
    message: /envelope 2/,
    decorate: () => ({
      producer: (producer) => ({
        offer: (first, items, wait, envelopes) =>
          producer.offer(
            first,
            items,
            wait,
            envelopes?.map((one) => (one !== undefined && one.length > 3 ? one.subarray(1) : one)),
          ),
      }),
    }),
  },
  {
    what: "changes a byte",
    rule: "VALUE-1",
    message: /the value of .* bytes/,
    decorate: () => ({
      producer: (producer) => ({
        offer: (first, items, wait, envelopes) =>
          producer.offer(
            first,
            items.map((item) => item.map((byte) => (byte === 255 ? 254 : byte))),
            wait,
            envelopes,
          ),
      }),
    }),
  },
  {
    what: "hands out memory that it uses again",
    rule: "VALUE-12",
    message: /to keep its bytes/,
    decorate: () => {
      const memory = new Uint8Array(400_000);
      return {
        consumer: (consumer) => ({
          async poll(max, wait, lease) {
            const { deliveries, state } = await consumer.poll(max, wait, lease);
            let at = 0;
            const shared = deliveries.map((one) => {
              memory.set(one.item, at);
              at += one.item.byteLength;
              return { ...one, item: memory.subarray(at - one.item.byteLength, at) };
            });
            return { deliveries: shared, state };
          },
        }),
      };
    },
  },

  {
    what: "cuts items off at 64 KiB",
    rule: "VALUE-3",
    message: /Expected 65536 bytes to come out/,
    decorate: () => storing((item) => item.subarray(0, 65_535)),
  },
  {
    what: "stores ASCII alone",
    rule: "VALUE-4",
    message: /a JSON value|ITEM_UNDECODABLE/,
    decorate: () => storing((item) => item.map((byte) => byte & 127)),
  },
  {
    what: "hands out again what its first holder wrote to",
    rule: "VALUE-7",
    message: /the value of delivery 2 to be \[1,2,3\], got \[99,99,99\]/,
    decorate: () => {
      const memory = new Map<number, Uint8Array>();
      return polled(({ deliveries, state }) => ({
        state,
        deliveries: deliveries.map((one) => {
          const item = memory.get(one.sequence) ?? one.item;
          memory.set(one.sequence, item);
          return { ...one, item };
        }),
      }));
    },
  },
  {
    what: "takes a first byte of 255 for a mark of its own",
    rule: "VALUE-8",
    message: /a value of many kinds|UNDECODABLE/,
    decorate: () => storing((item) => (item[0] === 255 ? item.subarray(1) : item)),
  },
  {
    what: "stores text",
    rule: "VALUE-9",
    message: /the bytes in the error/,
    decorate: () => storing((item) => new TextEncoder().encode(new TextDecoder().decode(item))),
  },
  {
    what: "hands out two items at most, and takes as many as were asked for",
    rule: "VALUE-10",
    message: /the other values, in the error/,
    decorate: () =>
      polled(({ deliveries, state }) => ({
        state,
        deliveries: deliveries[0]?.token === undefined ? deliveries.slice(0, 2) : deliveries,
      })),
  },
  {
    what: "keeps no bytes of dead letters",
    rule: "VALUE-11",
    message: /the raw bytes of the dead letter/,
    decorate: () => ({
      port: (port) => ({
        deadLetters: {
          ...port.deadLetters,
          list: async (max, after) =>
            (await port.deadLetters.list(max, after)).map((one) => ({ ...one, item: new Uint8Array(0) })),
        },
      }),
    }),
  },
  {
    what: "forgets which codec the buffer was made with",
    rule: "VALUE-15",
    message: /shouted|to reject with SETTINGS_MISMATCH/,
    decorate: () => {
      let opened = 0;
      return { port: (port) => (++opened > 1 ? { spec: { ...port.spec, codec: "json" } } : {}) };
    },
  },
];
