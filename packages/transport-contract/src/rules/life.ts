/** LIFE: create, open, close, destroy; who is touched by what, and what is left behind. */

import {
  type BoundedBuffer,
  createBuffer,
  INTERFACE_VERSION,
  openAddress,
  openBuffer,
  openOrCreateBuffer,
  type TransportCapabilities,
  type TransportModule,
} from "@sluice/core";
import { equal, fail, isTrue, rejects } from "../kit/expect.js";
import { put, takeAll } from "../kit/face.js";
import { type Rule, rule } from "../rule.js";

export const lifeRules: readonly Rule[] = [
  rule("LIFE-1 refuses to create where there is a buffer, and leaves that one alone", async (t) => {
    const stage = await t.stage({ capacity: 2 });
    await put(await stage.buffer.producer(), ["a"]);
    await rejects(
      createBuffer(stage.transport, { capacity: 2 }),
      "BUFFER_EXISTS",
      "a second create with the same settings",
    );
    await rejects(
      createBuffer(stage.transport, { capacity: 9 }),
      "BUFFER_EXISTS",
      "a second create with other settings",
    );
    const { ready, produced } = await stage.buffer.counts();
    equal({ ready, produced }, { ready: 1, produced: 1 }, "the counts of the first buffer");
    equal(stage.buffer.spec.capacity, 2, "the capacity of the first buffer");
  }),

  rule("LIFE-2 refuses to open where there is none, and creates nothing", async (t) => {
    const transport = await t.transport();
    await rejects(openBuffer(transport), "BUFFER_NOT_FOUND", "open of a fresh place");
    await rejects(openBuffer(transport), "BUFFER_NOT_FOUND", "open of it once more");
    equal((await t.harness.leftovers?.(transport)) ?? [], [], "what the open left behind");
    const buffer = await createBuffer(transport, { capacity: 1 });
    await buffer.destroy();
  }),

  rule("LIFE-3 refuses to open with other settings, naming both, and changes nothing", async (t) => {
    const stage = await t.stage({ capacity: 5, failuresMax: 3 });
    const error = await rejects(
      openBuffer(stage.transport, { capacity: 6 }),
      "SETTINGS_MISMATCH",
      "open with capacity 6",
    );
    isTrue(
      /5/.test(error.message) && /6/.test(error.message),
      `Expected the message to name 5 and 6, got: ${error.message}`,
    );
    const opened = openOrCreateBuffer(stage.transport, { capacity: 5, failuresMax: 4 });
    await rejects(opened, "SETTINGS_MISMATCH", "openOrCreate with failuresMax 4 instead of 3");
    const same = await openBuffer(stage.transport, { capacity: 5, failuresMax: 3 });
    await same.close();
    equal(stage.buffer.spec.capacity, 5, "the capacity of the buffer");
  }),

  rule("LIFE-4 creates with openOrCreate where there is none, and opens where there is one", async (t) => {
    const transport = await t.transport();
    const [first, second] = [
      await openOrCreateBuffer(transport, { capacity: 3 }),
      await openOrCreateBuffer(transport, { capacity: 3 }),
    ];
    t.defer(() => first.destroy());
    await put(await first.producer(), ["a"]);
    equal(await takeAll(second, 1, t), ["a"], "what came out of the second handle");
    await second.close();
  }),

  rule("LIFE-5 lets one of several creates at once succeed", async (t) => {
    const transport = await t.transport();
    const creates = await Promise.allSettled(
      [1, 2, 3, 4].map(() => createBuffer(transport, { capacity: 2 })),
    );
    const made = creates.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    for (const buffer of made) t.defer(() => buffer.destroy());
    equal(made.length, 1, "the number of creates that succeeded");
    for (const one of creates) {
      if (one.status === "rejected")
        await rejects(Promise.reject(one.reason), "BUFFER_EXISTS", "a create that came second");
    }
    await put((await made[0]?.producer()) ?? fail("Expected a buffer"), ["works"]);
  }),

  rule("LIFE-6 keeps two buffers apart", async (t) => {
    const [one, two] = [await t.stage({ capacity: 2 }), await t.stage({ capacity: 3 })];
    await put(await one.buffer.producer(), ["one"]);
    await put(await two.buffer.producer(), ["two"]);
    const waitingTake = (await one.buffer.consumer()).takeMany(2);
    equal(await t.soon(waitingTake, "takeMany from the first"), ["one"], "what came out of the first");
    await one.buffer.seal();
    equal((await two.buffer.counts()).sealed, false, "sealed, in the counts of the second");
    await one.buffer.destroy();
    equal(await takeAll(two.buffer, 1, t), ["two"], "what came out of the second");
  }),

  rule("LIFE-7 settles the waiting calls of a handle that is closed, and disturbs no other", async (t) => {
    const [full, empty] = [await t.stage({ capacity: 1 }), await t.stage({ capacity: 1 })];
    await put(await full.buffer.producer(), ["a"]);
    const closing = [await full.another(), await empty.another()];
    const own = [
      (await closing[0]?.producer())?.put("b"),
      (await closing[1]?.consumer())?.take(),
      closing[1]?.drained(),
    ];
    const others = [(await full.buffer.producer()).put("c"), (await empty.buffer.consumer()).take()];
    const outcomes = own.map((call) =>
      rejects(t.soon<unknown>(call, "a call of the closed handle"), "HANDLE_CLOSED", "it"),
    );
    await t.staysPending(Promise.race([...outcomes, ...others]), "puts while full and takes while empty");
    for (const buffer of closing) await t.soon(buffer.close(), "close");
    await t.soon(Promise.all(outcomes), "the calls of the closed handles");
    await t.staysPending(Promise.race(others), "the calls of the other handles");
    await put(await empty.buffer.producer(), ["d"]);
    equal(
      await t.soon(others[1] as Promise<unknown>, "the other's take"),
      { done: false, value: "d" },
      "what it got",
    );
    equal(await takeAll(full.buffer, 2, t), ["a", "c"], "what came out: nothing of the closed handle's put");
  }),

  rule("LIFE-8 refuses every call on a closed handle, at once", async (t) => {
    const stage = await t.stage({ capacity: 2 });
    const buffer = await stage.another();
    const producer = await buffer.producer();
    const consumer = await buffer.consumer();
    await buffer.close();
    const calls: Record<string, () => Promise<unknown>> = {
      put: () => producer.put(1),
      tryPut: () => producer.tryPut(1),
      putMany: () => producer.putMany([1]),
      take: () => consumer.take(),
      tryTake: () => consumer.tryTake(),
      takeMany: () => consumer.takeMany(1),
      lease: () => consumer.lease(),
      tryLease: () => consumer.tryLease(),
      leaseMany: () => consumer.leaseMany(1),
      producer: () => buffer.producer(),
      consumer: () => buffer.consumer(),
      seal: () => buffer.seal(),
      counts: async () => buffer.counts(),
      drained: () => buffer.drained(),
      deadLetters: async () => buffer.deadLetters().list(),
    };
    for (const [name, call] of Object.entries(calls)) {
      await rejects(t.soon((async () => call())(), name), "HANDLE_CLOSED", `${name} on a closed handle`);
    }
    const { produced, sealed } = await stage.buffer.counts();
    equal({ produced, sealed }, { produced: 0, sealed: false }, "the counts of the buffer");
  }),

  rule("LIFE-9 closes one producer or consumer without touching the others of its handle", async (t) => {
    const { buffer } = await t.stage({ capacity: 2 });
    const [gone, stays] = [await buffer.producer(), await buffer.producer()];
    const [goneToo, staysToo] = [await buffer.consumer(), await buffer.consumer()];
    const waitingTake = goneToo.take();
    const outcome = rejects(
      t.soon(waitingTake, "the take"),
      "HANDLE_CLOSED",
      "the waiting take of the closed consumer",
    );
    await t.staysPending(outcome, "a take from the empty buffer");
    await gone.close();
    await goneToo.close();
    await outcome;
    await rejects(gone.put(1), "HANDLE_CLOSED", "a put of the closed producer");
    await stays.put("a");
    equal(
      await t.soon(staysToo.take(), "a take of the other consumer"),
      { done: false, value: "a" },
      "what it got",
    );
  }),

  rule("LIFE-10 lets close, destroy and seal be repeated", async (t) => {
    const stage = await t.stage({ capacity: 1 });
    const other = await stage.another();
    const [producer, consumer] = [await other.producer(), await other.consumer()];
    for (let i = 0; i < 2; i++) {
      await t.soon(producer.close(), "a producer's close");
      await t.soon(consumer.close(), "a consumer's close");
      await t.soon(other.close(), "a handle's close");
    }
    const third = await stage.another();
    for (let i = 0; i < 2; i++) await t.soon(stage.buffer.destroy(), "destroy");
    await t.soon(third.destroy(), "another handle's destroy of what is gone");
    await t.soon(stage.buffer.close(), "close after destroy");
  }),

  rule(
    "LIFE-11 tells every other handle that the buffer was destroyed, those that wait at once",
    async (t) => {
      const [full, empty] = [await t.stage({ capacity: 1 }), await t.stage({ capacity: 1 })];
      await put(await full.buffer.producer(), ["a"]);
      const [fuller, emptier] = [await full.another(), await empty.another()];
      const producer = await fuller.producer();
      const consumer = await emptier.consumer();
      const calls = [producer.put("b"), consumer.take(), consumer.lease(), emptier.drained()];
      const outcomes = calls.map((call) =>
        rejects(t.soon<unknown>(call, "a waiting call"), "BUFFER_DESTROYED", "a waiting call"),
      );
      await t.staysPending(Promise.race(outcomes), "calls that wait");
      await full.buffer.destroy();
      await empty.buffer.destroy();
      await Promise.all(outcomes);
      await rejects(t.soon(producer.put("c"), "a put"), "BUFFER_DESTROYED", "a put after the destroy");
      await rejects(t.soon(consumer.take(), "a take"), "BUFFER_DESTROYED", "a take after the destroy");
      await rejects(
        t.soon((async () => fuller.counts())(), "counts"),
        "BUFFER_DESTROYED",
        "counts after the destroy",
      );
      await rejects(t.soon(fuller.seal(), "a seal"), "BUFFER_DESTROYED", "a seal after the destroy");
      await t.soon(fuller.close(), "close of a handle on a destroyed buffer");
    },
  ),

  rule("LIFE-12 leaves nothing behind at the place of a destroyed buffer", async (t) => {
    const stage = await t.stage({ capacity: 2 });
    const other = await stage.another();
    await put(await stage.buffer.producer(), ["a", "b"]);
    await (await other.consumer()).lease();
    await other.close();
    await stage.buffer.destroy();
    await rejects(openBuffer(stage.transport), "BUFFER_NOT_FOUND", "open after the destroy");
    equal((await t.harness.leftovers?.(stage.transport)) ?? [], [], "what the destroy left behind");
  }),

  rule(
    "LIFE-13 keeps a later buffer at the same place safe from participants of the earlier one",
    async (t) => {
      const stage = await t.stage({ capacity: 2 });
      const old = await stage.another();
      const [producer, consumer] = [await old.producer({ id: "p" }), await old.consumer()];
      await producer.put("old");
      const held = await t.soon(consumer.lease(), "a lease of the earlier buffer");
      const address = stage.buffer.address;
      await stage.buffer.destroy();
      const fresh = await createBuffer(stage.transport, { capacity: 2 });
      t.defer(() => fresh.destroy());
      await put(await fresh.producer(), ["new"]);
      await rejects(
        t.soon(producer.put("late"), "a put"),
        "BUFFER_DESTROYED",
        "a put of the earlier buffer's producer",
      );
      await rejects(
        t.soon(consumer.take(), "a take"),
        "BUFFER_DESTROYED",
        "a take of the earlier buffer's consumer",
      );
      isTrue(!held.done, "Expected the lease to hold an item");
      await t.soon(
        held.value.ack().catch(() => {}),
        "an ack of the earlier buffer's lease",
      );
      await t.soon(
        old.seal().catch(() => {}),
        "a seal of the earlier buffer's handle",
      );
      await t.soon(old.destroy(), "a destroy by the earlier buffer's handle");
      await rejects(openAddress(address), "BUFFER_NOT_FOUND", "open of the earlier buffer's address");
      const { ready, produced, consumed, sealed } = await fresh.counts();
      equal(
        { ready, produced, consumed, sealed },
        { ready: 1, produced: 1, consumed: 0, sealed: false },
        "the later buffer",
      );
      equal(await takeAll(fresh, 1, t), ["new"], "what came out of the later buffer");
    },
  ),

  rule("LIFE-14 opens the same buffer again from its address, after a trip through JSON", async (t) => {
    const stage = await t.stage({ capacity: 2 });
    await put(await stage.buffer.producer(), ["a"]);
    const address = JSON.parse(JSON.stringify(stage.buffer.address)) as typeof stage.buffer.address;
    equal(address, stage.buffer.address, "the address after a trip through JSON");
    const again = await openAddress(address);
    t.defer(() => again.close());
    equal(await takeAll(again, 1, t), ["a"], "what came out");
    equal(again.address, address, "the address of the handle that was opened by it");
  }),

  rule("LIFE-15 refuses an address that it does not understand", async (t) => {
    const { transport, buffer } = await t.stage({ capacity: 1 });
    const module = (await import(transport.module)) as TransportModule;
    for (const place of [null, 7, "", [], {}]) {
      const open = (async () =>
        module.transportAt({ ...buffer.address, place }).open({ ...buffer.address, place }))();
      await rejects(open, "INVALID_ARGUMENT", `transportAt with place ${JSON.stringify(place)}`);
    }
  }),

  rule(
    "LIFE-16 is a place: items, order and seal are there for whoever comes when everybody has left",
    async (t) => {
      const transport = await t.transport();
      const first = await createBuffer(transport, { capacity: 3 });
      await put(await first.producer(), [1, 2, 3]);
      await first.seal();
      await first.close();
      const second = await openBuffer(transport);
      t.defer(() => second.destroy());
      equal(await takeAll(second, 3, t), [1, 2, 3], "what came out for one who came later");
      isTrue(
        (await t.soon((await second.consumer()).take(), "a take")).done === true,
        "Expected the end: it was sealed before",
      );
    },
  ),

  rule(
    "LIFE-17 says what it is: a name, a module that leads back to it, and the version of the interface",
    async (t) => {
      const transport = await t.transport();
      isTrue(/^[a-z][a-z0-9-]*$/.test(transport.name), `Expected a word as name, got ${transport.name}`);
      equal(transport.interfaceVersion, INTERFACE_VERSION, "the version of the interface");
      const module = (await import(transport.module)) as Partial<TransportModule>;
      equal(typeof module.transportAt, "function", "`transportAt` of its module");
    },
  ),

  rule(
    "LIFE-18 declares capabilities of the right shape, which do not change and are never more than its transport's",
    async (t) => {
      const { transport, buffer, another } = await t.stage({ capacity: 1 });
      const before = checkShape(transport.capabilities);
      equal(
        before,
        checkShape(t.harness.capabilities),
        "the transport's capabilities, against the harness's",
      );
      const own = checkShape(buffer.capabilities);
      const other = await another();
      await put(await buffer.producer(), ["a"]);
      await buffer.seal();
      equal(checkShape(buffer.capabilities), own, "the buffer's capabilities after some use");
      equal(checkShape(other.capabilities), own, "another handle's capabilities");
      equal(checkShape(transport.capabilities), before, "the transport's capabilities after some use");
      const more = moreThan(own, before);
      isTrue(
        more === undefined,
        `Expected the buffer to offer no more than its transport, it does in ${more}`,
      );
    },
  ),

  rule("LIFE-19 meets a wish for durability or refuses it, and then creates nothing", async (t) => {
    const transport = await t.transport();
    const wish = { capacity: 1, durability: "fsync" as const };
    if (t.harness.capabilities.survives.includes("power-loss")) {
      const buffer = await createBuffer(transport, wish);
      t.defer(() => buffer.destroy());
      isTrue(
        buffer.capabilities.survives.includes("power-loss"),
        "Expected a buffer made with fsync to claim power loss",
      );
      return;
    }
    await rejects(
      createBuffer(transport, wish),
      "CAPABILITY_MISSING",
      "create with a durability that cannot be had",
    );
    await rejects(openBuffer(transport), "BUFFER_NOT_FOUND", "open after the refused create");
  }),

  rule("LIFE-20 lets participants come and go while items flow, with nothing lost", async (t) => {
    const stage = await t.stage({ capacity: 3 });
    const items = t.trials(60);
    const taken: unknown[] = [];
    const consuming = (async () => {
      while (taken.length < items) {
        const buffer: BoundedBuffer<unknown> = await stage.another();
        const consumer = await buffer.consumer();
        for (let i = t.random.below(3); i >= 0 && taken.length < items; i--) {
          const got = await consumer.take();
          if (!got.done) taken.push(got.value);
        }
        await buffer.close();
      }
    })();
    for (let n = 0; n < items; ) {
      const buffer = await stage.another();
      const producer = await buffer.producer();
      for (let i = t.random.below(3); i >= 0 && n < items; i--) await t.soon(producer.put(n++), `put ${n}`);
      await buffer.close();
    }
    await t.soon(consuming, "the consumers");
    equal(
      taken,
      Array.from({ length: items }, (_, i) => i),
      "what came out",
    );
  }),
];

const CLAIMS: Record<string, readonly unknown[]> = {
  reach: ["process", "host", "network"],
  peak: ["exact", "upper-bound", "lower-bound"],
  returned: ["in-place", "best-effort"],
  fencing: ["authority", "clock"],
  deadLetter: ["atomic", "two-step"],
  release: ["free", "counts"],
  putOutcome: ["known", "may-be-unknown"],
};

/** A clone of them, which fails if they cannot be cloned. */
function checkShape(capabilities: TransportCapabilities): TransportCapabilities {
  const clone = JSON.parse(JSON.stringify(structuredClone(capabilities))) as TransportCapabilities;
  equal(
    clone,
    { ...capabilities, survives: [...capabilities.survives] },
    "the capabilities after a trip through JSON",
  );
  for (const [name, allowed] of Object.entries(CLAIMS)) {
    const claim = clone[name as keyof TransportCapabilities];
    isTrue(
      allowed.includes(claim),
      `Expected capability ${name} to be one of ${allowed.join(", ")}, got ${String(claim)}`,
    );
  }
  const survivals = ["participant", "authority", "power-loss", "host-loss"];
  isTrue(
    clone.survives.every((one) => survivals.includes(one)),
    `Expected survives to name ${survivals}, got ${clone.survives}`,
  );
  const { retryWindowMs } = clone;
  const isWindow = retryWindowMs === "unbounded" || (typeof retryWindowMs === "number" && retryWindowMs > 0);
  isTrue(
    isWindow,
    `Expected retryWindowMs to be "unbounded" or a number above 0, got ${String(retryWindowMs)}`,
  );
  return clone;
}

/** The name of a capability in which the first promises more; the values above are in order of falling promise, but reach. */
function moreThan(buffer: TransportCapabilities, transport: TransportCapabilities): string | undefined {
  for (const [name, allowed] of Object.entries(CLAIMS)) {
    const key = name as keyof TransportCapabilities;
    const [own, most] = [allowed.indexOf(buffer[key]), allowed.indexOf(transport[key])];
    if (name === "reach" ? own > most : own < most) return name;
  }
  return buffer.survives.every((one) => transport.survives.includes(one)) ? undefined : "survives";
}
