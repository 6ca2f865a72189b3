// Wrong in one way each: LIFE.
import { setImmediate as turn } from "node:timers/promises";
import {
  type BufferAddress,
  BufferError,
  type BufferPort,
  type BufferSpec,
  type BufferTransport,
  completeSpec,
  type Polled,
} from "@sluice/core";
import type { Broken } from "./broken.js";

export const brokenLife: readonly Broken[] = [
  {
    what: "leaves others to a buffer that was destroyed",
    rule: "LIFE-11",
    message: /Expected a waiting call/,
    decorate: () => ({ port: (port) => ({ destroy: () => port.close() }) }),
  },
  {
    what: "claims more for a buffer than its transport does",
    rule: "LIFE-18",
    message: /no more than its transport, it does in survives/,
    decorate: () => ({
      port: (port) => ({ capabilities: { ...port.capabilities, survives: ["participant"] } }),
    }),
  },
  {
    what: "meets a wish for durability with nothing",
    rule: "LIFE-19",
    message: /create with a durability that cannot be had to reject with CAPABILITY_MISSING, it resolved/,
    decorate: () => ({ create: (spec) => [spec, {}] }),
  },

  {
    what: "creates over a buffer that is there",
    rule: "LIFE-1",
    message: /a second create with the same settings to reject with BUFFER_EXISTS, it resolved/,
    decorate: () => ({
      transport: (base) => ({
        create: (spec, wishes) => base.create(spec, wishes).catch(() => createAnew(base, spec)),
      }),
    }),
  },
  {
    what: "opens what is not there by making it",
    rule: "LIFE-2",
    message: /open of a fresh place to reject with BUFFER_NOT_FOUND, it resolved/,
    decorate: () => ({
      transport: (base) => ({
        open: (address) =>
          base.open(address).catch(async () => {
            await base.create(SPEC, {});
            return base.open();
          }),
      }),
    }),
  },
  {
    what: "forgets failuresMax in what later handles are told",
    rule: "LIFE-3",
    message: /SETTINGS_MISMATCH|other settings/,
    decorate: () => {
      let opened = 0;
      return { port: (port) => (++opened > 1 ? { spec: { ...port.spec, failuresMax: 5 } } : {}) };
    },
  },
  {
    what: "says that it is out of reach where there is nothing",
    rule: "LIFE-4",
    message: /TRANSPORT_UNAVAILABLE|Nobody answers/,
    decorate: () => ({
      transport: (base) => ({
        open: (address) =>
          base.open(address).catch(() => {
            throw new BufferError("TRANSPORT_UNAVAILABLE", "Nobody answers");
          }),
      }),
    }),
  },
  {
    what: "looks whether there is a buffer, and creates a little later",
    rule: "LIFE-5",
    message: /the number of creates that succeeded to be 1, got 4/,
    decorate: () => ({
      transport: (base) => ({
        async create(spec, wishes) {
          const isThere = await base.open().then(
            () => true,
            () => false,
          );
          await turn();
          return isThere ? base.create(spec, wishes) : createAnew(base, spec);
        },
      }),
    }),
  },
  {
    what: "seals its buffer with each handle that is closed",
    rule: "LIFE-8",
    message: /the counts of the buffer to be {"produced":0,"sealed":false}, got {"produced":0,"sealed":true}/,
    decorate: () => ({
      port: (port) => ({
        async close() {
          await port.seal({ discard: false });
          await port.close();
        },
      }),
    }),
  },
  {
    what: "seals every buffer with one",
    rule: "LIFE-6",
    message: /sealed, in the counts of the second to be false, got true/,
    decorate: () => ({
      port(port) {
        ALL_PORTS.add(port);
        return {
          async seal(options) {
            const did = await port.seal(options);
            for (const other of ALL_PORTS) await Promise.resolve(other.seal(options)).catch(() => {});
            return did;
          },
          async destroy() {
            ALL_PORTS.delete(port);
            await port.destroy();
          },
        };
      },
    }),
  },
  {
    what: "ends everybody's waiting polls with one handle",
    rule: "LIFE-7",
    message: /the calls of the other handles to go on waiting, it resolved/,
    decorate: () => {
      const waits = new Set<() => void>();
      return {
        port: (port) => ({
          async close() {
            for (const end of waits) end();
            await port.close();
          },
        }),
        consumer: (consumer) => ({
          poll(max, wait, lease) {
            const answer = consumer.poll(max, wait, lease);
            if (!(answer instanceof Promise)) return answer;
            const ended = new Promise<Polled>((resolve) =>
              waits.add(() => resolve({ deliveries: [], state: "drained" })),
            );
            return Promise.race([answer, ended]);
          },
        }),
      };
    },
  },
  {
    what: "seals itself when a producer leaves",
    rule: "LIFE-9",
    message: /to reject with HANDLE_CLOSED, it resolved with \{"done":true/,
    decorate: () => ({
      producer: (producer, port) => ({
        async close() {
          await producer.close();
          await port.seal({ discard: false });
        },
      }),
    }),
  },
  {
    what: "refuses to destroy what is gone",
    rule: "LIFE-10",
    message: /destroy of what is gone/,
    decorate: () => {
      let isGone = false;
      return {
        port: (port) => ({
          async destroy() {
            if (isGone) throw new BufferError("BUFFER_DESTROYED", "There is nothing to destroy");
            isGone = true;
            await port.destroy();
          },
        }),
      };
    },
  },
  {
    what: "leaves an empty buffer where one was destroyed",
    rule: "LIFE-12",
    message: /open after the destroy to reject with BUFFER_NOT_FOUND, it resolved/,
    decorate: () => {
      let made: BufferTransport | undefined;
      return {
        transport(base) {
          made = base;
          return {};
        },
        port: (port) => ({
          async destroy() {
            await port.destroy();
            await made?.create(port.spec, {}).catch(() => {});
          },
        }),
      };
    },
  },
  {
    what: "puts into whatever buffer is at its place now",
    rule: "LIFE-13",
    message: /a put of the earlier buffer's producer to reject with BUFFER_DESTROYED, it resolved/,
    decorate: () => {
      let made: BufferTransport | undefined;
      return {
        transport(base) {
          made = base;
          return {};
        },
        producer: (producer) => ({
          async offer(first, items, wait, envelopes) {
            try {
              return await producer.offer(first, items, wait, envelopes);
            } catch (error) {
              const current = await made?.open().catch(() => undefined);
              if (current === undefined) throw error;
              return (await current.producer()).offer(1, items, wait, envelopes);
            }
          },
        }),
      };
    },
  },
  {
    what: "has something in its address that JSON does not carry",
    rule: "LIFE-14",
    message: /the address after a trip through JSON/,
    decorate: () => ({
      port: (port) => ({ address: { ...port.address, extra: undefined } as typeof port.address }),
    }),
  },
  {
    what: "opens any address",
    rule: "LIFE-15",
    message: /transportAt with place null to reject with INVALID_ARGUMENT/,
    decorate: () => ({
      transport: () => ({
        module: `data:text/javascript,${encodeURIComponent("export const transportAt = () => ({ open: async () => ({}) });")}`,
      }),
    }),
  },
  {
    what: "is gone when everybody has left",
    rule: "LIFE-16",
    message: /There is no buffer|BUFFER_NOT_FOUND/,
    decorate: () => {
      let open = 0;
      return {
        port(port) {
          open++;
          return {
            async close() {
              if (--open === 0) await port.destroy();
              else await port.close();
            },
          };
        },
      };
    },
  },
  {
    what: "has a name that is no word",
    rule: "LIFE-17",
    message: /Expected a word as name, got Not a word/,
    decorate: () => ({ transport: () => ({ name: "Not a word" }) }),
  },
  {
    what: "takes an item along when a consumer leaves",
    rule: "LIFE-20",
    message: /the consumers to settle|what came out|put \d+ to settle/,
    decorate: () => ({
      consumer: (consumer) => ({
        async close() {
          const { signal } = new AbortController();
          await consumer.poll(1, { maxMs: 0, signal, onWait() {} });
          await consumer.close();
        },
      }),
    }),
  },
  {
    what: "makes an empty buffer in a process where there is none",
    rule: "LIFE-21",
    message: /Expected another process to be refused, it opened the address/,
    decorate: () => ({
      port: (port) => ({ address: { ...port.address, module: ANEW_ELSEWHERE } }),
    }),
  },
  {
    what: "has one handle for all that open it at once",
    rule: "LIFE-22",
    message: /HANDLE_CLOSED|This handle was closed/,
    decorate: () => {
      let opening: Promise<BufferPort> | undefined;
      return {
        transport: (base) => ({
          open(address) {
            opening ??= base.open(address).then(closable);
            const shared = opening;
            void turn().then(() => {
              opening = undefined;
            });
            return shared;
          },
        }),
      };
    },
  },
  {
    what: "passes on what its socket says to a registration that a close overtakes",
    rule: "LIFE-23",
    message: /overtaken by a close, to resolve or be refused, got .*ECONNRESET/,
    decorate: () => ({
      port(port) {
        let isClosed = false;
        return {
          async producer(id) {
            const producer = await port.producer(id);
            await turn();
            if (isClosed) throw new Error("read ECONNRESET");
            return producer;
          },
          async close() {
            isClosed = true;
            await port.close();
          },
        };
      },
    }),
  },
  {
    what: "passes on what the system says where there is nothing",
    rule: "LIFE-24",
    message: /open where there is none to reject with a BufferError, got Error: ENOENT/,
    decorate: () => ({
      transport: (base) => ({
        open: (address) =>
          base.open(address).catch(() => {
            throw new Error("ENOENT: no such file or directory");
          }),
      }),
    }),
  },
];

const ALL_PORTS = new Set<BufferPort>();

const SPEC = completeSpec({ capacity: 1 }, "json");

async function createAnew(base: BufferTransport, spec: BufferSpec): Promise<BufferAddress> {
  await base.open().then(
    (port) => port.destroy(),
    () => {},
  );
  return base.create(spec, {});
}

/** A handle that is of no use once it is closed. */
function closable(port: BufferPort): BufferPort {
  let isClosed = false;
  const check = () => {
    if (isClosed) throw new BufferError("HANDLE_CLOSED", "This handle was closed");
  };
  return {
    ...port,
    async producer(id) {
      check();
      return port.producer(id);
    },
    async consumer() {
      check();
      return port.consumer();
    },
    async close() {
      isClosed = true;
      await port.close();
    },
  };
}

// A module for another process, where the place is another one.
const ANEW_ELSEWHERE = `data:text/javascript,${encodeURIComponent(`
  import { memoryTransport } from ${JSON.stringify(new URL("../../../../transport-memory/dist/index.js", import.meta.url).href)};
  export function transportAt() {
    const own = memoryTransport();
    return { ...own, open: async () => { await own.create(${JSON.stringify(SPEC)}, {}); return own.open(); } };
  }`)}`;
