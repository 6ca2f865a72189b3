// The file transport, wrong in one way that shows only between processes. Child processes load it, so it is plain JavaScript.
import { mkdirSync, readdirSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { failpoint } from "@sluice/core";
import { fileTransport } from "../../../transport-file/dist/index.js";

const untilEnded = (wait, answer) =>
  new Promise((resolve) => wait.signal.addEventListener("abort", () => resolve(answer), { once: true }));
const noWait = (wait) => ({ ...wait, maxMs: 0, onWait() {} });

/** A folder with a name for each call that waits, the oldest first; whoever is killed leaves his there. */
function lineAt(folder) {
  mkdirSync(folder, { recursive: true });
  return {
    join: () => {
      const name = `${process.hrtime.bigint().toString().padStart(24, "0")}-${process.pid}`;
      writeFileSync(join(folder, name), "");
      return name;
    },
    leave: (name) => rmSync(join(folder, name), { force: true }),
    names: () => readdirSync(folder).sort(),
  };
}

/** Whether this call has it now; nobody looks after one whose holder is dead. */
function isLocked(path) {
  try {
    mkdirSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Calls wait in a line, and only the one in front may try. */
function inLine(line, call, isOver) {
  return async (args, wait) => {
    if (wait.maxMs === 0 && line.names().length === 0) return call(args, wait);
    const own = line.join();
    const end = performance.now() + wait.maxMs;
    try {
      for (;;) {
        const isFirst = line.names()[0] === own;
        const answer = isFirst ? await call(args, noWait(wait)) : undefined;
        if (answer !== undefined && isOver(answer)) return answer;
        if (wait.signal.aborted || performance.now() >= end) return answer;
        wait.onWait();
        await sleep(3);
      }
    } finally {
      line.leave(own);
    }
  };
}

/** One of several that a rule has started, and not the process of the rule. */
const IS_CHILD = process.argv[1]?.endsWith("puppet-main.js") ?? false;
const OTHERS_MS = 2_000;

/** However slow they are: until another one is where this one is. */
async function untilOthersLooked(line) {
  line.join();
  for (const end = performance.now() + OTHERS_MS; line.names().length < 2 && performance.now() < end; )
    await sleep(5);
}

// By name: what replaces members of a port, a producer, a consumer. Each is told of the file transport, and of its place.
const FAULTS = {
  none: () => ({}),
  /** Each process has items in hand that nobody asked for yet. */
  ahead: () => ({
    consumer(consumer) {
      const ahead = [];
      return {
        async poll(max, wait, lease) {
          if (lease !== undefined) return consumer.poll(max, wait, lease);
          if (ahead.length > 0) return { deliveries: ahead.splice(0, max), state: "open" };
          const { deliveries, state } = await consumer.poll(max + 3, wait);
          ahead.push(...deliveries.slice(max));
          return { deliveries: deliveries.slice(0, max), state };
        },
      };
    },
  }),
  deaf: () => ({
    consumer: (consumer) => ({
      async poll(max, wait, lease) {
        const answer = await consumer.poll(max, noWait(wait), lease);
        if (answer.state !== "empty" || wait.maxMs === 0) return answer;
        wait.onWait();
        return untilEnded(wait, { deliveries: [], state: "open" });
      },
    }),
  }),
  "deaf to the seal": () => ({
    consumer: (consumer) => ({
      async poll(max, wait, lease) {
        const first = await consumer.poll(max, noWait(wait), lease);
        if (first.state !== "empty") return first;
        const answer = await consumer.poll(max, wait, lease);
        return answer.state === "drained" ? untilEnded(wait, answer) : answer;
      },
    }),
    producer: (producer) => ({
      async offer(first, items, wait) {
        const once = await producer.offer(first, items, noWait(wait));
        if (once.state !== "full" || once.accepted > 0) return once;
        const offered = await producer.offer(first, items, wait);
        return offered.state === "sealed" ? untilEnded(wait, offered) : offered;
      },
    }),
  }),
  "late is last": () => ({
    port(port) {
      const atOpen = Promise.resolve(port.counts());
      return {
        async consumer() {
          const consumer = await port.consumer();
          if (!(await atOpen).sealed) return consumer;
          return { ...bound(consumer), poll: async () => ({ deliveries: [], state: "drained" }) };
        },
      };
    },
  }),
  "a line of takes": (path) => {
    const line = lineAt(`${path}.takes`);
    return {
      consumer(consumer) {
        const call = ({ max, lease }, wait) => consumer.poll(max, wait, lease);
        const queued = inLine(line, call, ({ state }) => state !== "empty");
        return {
          poll: async (max, wait, lease) =>
            (await queued({ max, lease }, wait)) ?? { deliveries: [], state: "empty" },
        };
      },
    };
  },
  "a line of puts": (path) => {
    const line = lineAt(`${path}.puts`);
    return {
      producer(producer) {
        const call = ({ first, items }, wait) => producer.offer(first, items, wait);
        const queued = inLine(line, call, ({ state, accepted }) => accepted > 0 || state === "sealed");
        return {
          offer: async (first, items, wait) =>
            (await queued({ first, items }, wait)) ?? { accepted: 0, state: "full", fullBy: "items" },
        };
      },
    };
  },
  "forgives the dead": () => ({
    consumer: (consumer) => ({
      async poll(max, wait, lease) {
        const { deliveries, state } = await consumer.poll(max, wait, lease);
        return { state, deliveries: deliveries.map((one) => ({ ...one, failures: 0 })) };
      },
    }),
  }),
  "keeps what the dead held": () => ({
    consumer: (consumer) => ({
      async poll(max, wait, lease) {
        const answer = await consumer.poll(max, wait, lease);
        return answer.deliveries.some(({ failures }) => failures > 0)
          ? untilEnded(wait, { deliveries: [], state: "open" })
          : answer;
      },
    }),
  }),
  "settles anything": () => ({
    consumer: (consumer) => ({
      async settle(settlements) {
        await consumer.settle(settlements);
        return settlements.map(() => "settled");
      },
    }),
  }),
  "creates over others": (path, base) => ({
    async create(spec, wishes) {
      const isThere = await base.open().then(
        (port) => port.close().then(() => true),
        () => false,
      );
      if (isThere) return base.create(spec, wishes);
      if (IS_CHILD) await untilOthersLooked(lineAt(`${path}.looked`));
      return base.create(spec, wishes).catch(async () => {
        await (await base.open()).destroy();
        return base.create(spec, wishes);
      });
    },
  }),
  "destroys nothing": () => ({ port: (port) => ({ destroy: () => port.close() }) }),
  "keeps its process": () => ({
    port() {
      setInterval(() => {}, 1000);
      return {};
    },
  }),
  "acks what it hands out": () => ({
    consumer: (consumer) => ({
      async poll(max, wait, lease) {
        const answer = await consumer.poll(max, wait, lease);
        const acks = answer.deliveries
          .filter(({ token }) => token !== undefined)
          .map(({ token }) => ({ kind: "ack", token }));
        if (acks.length > 0) await consumer.settle(acks);
        return answer;
      },
      settle: async (settlements) => settlements.map(() => "settled"),
    }),
  }),
  "a lock for ever": (path) => {
    const locked = async (wait, call, none) => {
      const end = performance.now() + Math.max(wait.maxMs, 100);
      while (!isLocked(`${path}.lock`)) {
        if (wait.signal.aborted || performance.now() >= end) return none;
        await sleep(2);
      }
      failpoint("broken.between");
      try {
        return await call();
      } finally {
        rmdirSync(`${path}.lock`);
      }
    };
    return {
      producer: (producer) => ({
        offer: (first, items, wait) =>
          locked(wait, () => producer.offer(first, items, noWait(wait)), {
            accepted: 0,
            state: "full",
            fullBy: "items",
          }),
      }),
      consumer: (consumer) => ({
        poll: (max, wait, lease) =>
          locked(wait, () => consumer.poll(max, noWait(wait), lease), { deliveries: [], state: "empty" }),
      }),
    };
  },
  /** A hand-out in two steps: whoever is stopped between them finishes what somebody else has got meanwhile. */
  "two steps": () => ({
    consumer: (consumer) => ({
      async poll(max, wait, lease) {
        const answer = await consumer.poll(max, wait, { leaseMs: 100 });
        failpoint("broken.between");
        if (lease !== undefined) return answer;
        const acks = answer.deliveries.map(({ token }) => ({ kind: "ack", token }));
        if (acks.length > 0) await consumer.settle(acks);
        return { ...answer, deliveries: answer.deliveries.map(({ token: _, ...one }) => one) };
      },
      async settle(settlements) {
        await consumer.settle(settlements);
        return settlements.map(() => "settled");
      },
    }),
  }),
  ghosts: (path) => {
    const line = lineAt(`${path}.waiting`);
    return {
      consumer: (consumer) => ({
        async poll(max, wait, lease) {
          const own = line.join();
          try {
            return await consumer.poll(max, wait, lease);
          } finally {
            line.leave(own);
          }
        },
      }),
      port: (port) => ({
        counts: async () => ({ ...(await port.counts()), waitingConsumers: line.names().length }),
      }),
    };
  },
  hoards: () => ({
    consumer(consumer) {
      const all = [];
      return {
        async poll(max, wait, lease) {
          const answer = await consumer.poll(max, wait, lease);
          all.push(...answer.deliveries.map(() => new Uint8Array(65_536)));
          return answer;
        },
      };
    },
  }),
  "just leaves": () => ({ port: () => ({ close: async () => {} }), consumer: () => ({ close() {} }) }),
  "counts one by one": () => ({
    port: (port) => ({
      async counts() {
        const { consumed } = await port.counts();
        await sleep(2);
        return { ...(await port.counts()), consumed };
      },
    }),
  }),
};

export const faults = Object.keys(FAULTS);

/** The members of a class's instance too, as an object's own. */
function bound(object) {
  return new Proxy(object, {
    get: (target, name) => {
      const member = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
    ownKeys: () => MEMBERS.filter((name) => name in object),
    getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
  });
}

const MEMBERS = [
  ...["spec", "capabilities", "address", "producer", "consumer", "seal", "counts", "drained", "deadLetters"],
  ...["close", "destroy", "lastSequence", "offer", "copiesAtOnce", "poll", "settle"],
];

export function brokenFileTransport({ path, fault }) {
  const base = fileTransport({ path });
  const own = FAULTS[fault](path, base);
  const outside = (inner) => ({
    module: import.meta.url,
    transport: "broken",
    place: { path, fault, inner },
  });
  const over = (object, members) => ({ ...bound(object), ...members });
  return {
    ...base,
    name: "broken",
    module: import.meta.url,
    create: async (spec, wishes) => outside(await (own.create ?? base.create)(spec, wishes)),
    async open(address) {
      const port = await base.open(address?.place.inner);
      const inner = port.address;
      const handed = over(port, {
        address: outside(inner),
        async producer(id) {
          const producer = await port.producer(id);
          return over(producer, own.producer?.(producer));
        },
        async consumer() {
          const consumer = await port.consumer();
          return over(consumer, own.consumer?.(consumer));
        },
      });
      return { ...handed, ...own.port?.(port) };
    },
  };
}

/** @public Core imports it, by address. */
export function transportAt({ place }) {
  return brokenFileTransport(place);
}
