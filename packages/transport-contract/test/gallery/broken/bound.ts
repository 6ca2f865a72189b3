// Wrong in one way each: BOUND.
import { completeSpec } from "@sluice/core";
import { type Broken, madeAs, withRoomBeside } from "./broken.js";

export const brokenBound: readonly Broken[] = [
  {
    what: "allows capacity + 1",
    rule: "BOUND-1",
    message: /tryPut at 5 of 5 to be "full", got "accepted"/,
    decorate: () => ({
      create: (spec, wishes) => [{ ...spec, capacity: spec.capacity + 1 }, wishes],
      port: (port) => ({ spec: { ...port.spec, capacity: port.spec.capacity - 1 } }),
    }),
  },
  {
    what: "has a buffer at every place",
    rule: "BOUND-5",
    message: /open after every create was refused to reject with BUFFER_NOT_FOUND, it resolved/,
    decorate: () => ({
      transport: (base) => ({
        open: (address) =>
          base.open(address).catch(async () => {
            await base.create(completeSpec({ capacity: 1 }, "json"), {});
            return base.open();
          }),
      }),
    }),
  },
  {
    what: "forgets leased items in the bound",
    rule: "BOUND-3",
    message: /tryPut with both items leased to be "full"/,
    decorate: () => ({
      // A lease is a take whose item is put again when it is given back.
      create: (spec, wishes) => [{ ...spec, capacity: spec.capacity * 2 }, wishes],
      port: (port) => ({ spec: { ...port.spec, capacity: port.spec.capacity / 2 } }),
      producer: (producer, port) => ({
        async offer(first, items, wait, envelopes) {
          const { ready } = await port.counts();
          const room = port.spec.capacity / 2 - ready;
          if (room <= 0) return { accepted: 0, state: "full", fullBy: "items" };
          return producer.offer(first, items.slice(0, room), wait, envelopes);
        },
      }),
    }),
  },
  {
    what: "does not count envelopes",
    rule: "BOUND-6",
    message: /an item that fits without its envelope/,
    decorate: () => ({
      producer: (producer) => ({ offer: (first, items, wait) => producer.offer(first, items, wait) }),
    }),
  },
  {
    what: "claims an exact peak that it only samples",
    rule: "BOUND-9",
    message: /Expected the peak, claimed to be exact/,
    decorate: () => ({
      port: (port) => ({
        async counts() {
          const counts = await port.counts();
          return { ...counts, peak: counts.ready + counts.leased + counts.parked };
        },
      }),
    }),
  },
  {
    what: "keeps the bytes of what has left",
    rule: "BOUND-7",
    message: /the bytes of earlier rounds were never given back/,
    decorate: () => {
      let bytes = 0;
      return {
        producer: (producer, port) => ({
          async offer(first, items, wait, envelopes) {
            bytes += items.reduce((sum, item) => sum + item.byteLength, 0);
            if (bytes > 8 * port.spec.bufferBytesMax) return { accepted: 0, state: "full", fullBy: "bytes" };
            return producer.offer(first, items, wait, envelopes);
          },
        }),
      };
    },
  },

  {
    what: "lets two in for each that leaves",
    rule: "BOUND-2",
    message: /the number of waiting puts that resolved after 1 takes to be 1, got 2/,
    decorate: () => {
      let taken = 0;
      return {
        ...withRoomBeside(({ ready, leased, parked }) => ready + leased + parked - taken),
        consumer: (consumer) => ({
          async poll(max, wait, lease) {
            const answer = await consumer.poll(max, wait, lease);
            taken += answer.deliveries.length;
            return answer;
          },
        }),
      };
    },
  },
  {
    what: "forgets parked items in the bound",
    rule: "BOUND-4",
    message: /tryPut with one parked and one ready to be "full", got "accepted"/,
    decorate: () => withRoomBeside(({ ready, leased }) => ready + leased),
  },
  {
    what: "has two slots at least",
    rule: "BOUND-8",
    message: /tryPut at 1 of 1 to be "full", got "accepted"/,
    decorate: () => madeAs(({ capacity }) => ({ capacity: Math.max(2, capacity) })),
  },
  {
    what: "forgets the largest size of an item in what later handles are told",
    rule: "BOUND-10",
    message: /the settings of a handle/,
    decorate: () => {
      let opened = 0;
      return { port: (port) => (++opened > 1 ? { spec: { ...port.spec, itemBytesMax: 65_536 } } : {}) };
    },
  },
  {
    what: "puts a batch in from its end",
    rule: "BOUND-11",
    message: /Expected what came out to be \[0,1,2,/,
    decorate: () => ({
      producer: (producer) => ({
        offer: (first, items, wait, envelopes) =>
          producer.offer(first, [...items].reverse(), wait, envelopes && [...envelopes].reverse()),
      }),
    }),
  },
];
