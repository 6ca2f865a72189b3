/** LIFE, what a transport says about itself: address, name, capabilities, wishes. */

import { INTERFACE_VERSION, type TransportCapabilities, type TransportModule } from "@sluice/core";
import { equal, isTrue, rejects } from "../kit/expect.js";
import { put, takeAll } from "../kit/face.js";
import { type Rule, rule } from "../rule.js";

export const selfDescriptionRules: readonly Rule[] = [
  rule("LIFE-14 opens the same buffer again from its address, after a trip through JSON", async (t) => {
    const stage = await t.stage({ capacity: 2 });
    await put(await stage.buffer.producer(), ["a"]);
    const address = JSON.parse(JSON.stringify(stage.buffer.address)) as typeof stage.buffer.address;
    equal(address, stage.buffer.address, "the address after a trip through JSON");
    const again = await t.openAddress(address);
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
      const buffer = await t.createBuffer(transport, wish);
      t.defer(() => buffer.destroy());
      isTrue(
        buffer.capabilities.survives.includes("power-loss"),
        "Expected a buffer made with fsync to claim power loss",
      );
      return;
    }
    await rejects(
      t.createBuffer(transport, wish),
      "CAPABILITY_MISSING",
      "create with a durability that cannot be had",
    );
    await rejects(t.openBuffer(transport), "BUFFER_NOT_FOUND", "open after the refused create");
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
