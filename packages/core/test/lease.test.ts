// Leases over a port that the test answers by hand: settled once, renewed, lost.
import { BufferError, keepLease, type Lease } from "@sluice/core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { delivery, faultOf, isPending, throwing } from "./kit/expectations.js";
import { consumerByHand, type Polls, type Script } from "./kit/scripted.js";

afterEach(() => {
  vi.useRealTimers();
});

async function leased(leaseMs = 30_000, script: Script = {}) {
  const hand = await consumerByHand({ script });
  const call = hand.consumer.lease({ leaseMs });
  const lease = await handOut(hand.polls, 0, call);
  return { ...hand, lease };
}

async function handOut(polls: Polls, index: number, call: Promise<{ value?: Lease<unknown> | undefined }>) {
  (await polls.call(index)).answer({
    deliveries: [delivery("item", index + 1, `token-${index}`)],
    state: "open",
  });
  const { value } = await call;
  return value ?? expect.fail("no lease");
}

describe("a settlement", () => {
  test.each([
    ["ack", (lease: Lease<unknown>) => lease.ack(), {}],
    ["nack", (lease: Lease<unknown>) => lease.nack(), { reason: "nacked", delayMs: 0 }],
    ["nack", (lease: Lease<unknown>) => lease.nack({ reason: "r", delayMs: 9 }), { reason: "r", delayMs: 9 }],
    ["release", (lease: Lease<unknown>) => lease.release(), {}],
    ["bury", (lease: Lease<unknown>) => lease.bury("r"), { reason: "r" }],
  ] as const)(
    "%s is said to the port once; again it resolves, another one is LEASE_LOST",
    async (kind, settle, rest) => {
      const { settles, lease } = await leased();
      const settled = settle(lease);
      const again = settle(lease);
      expect((await settles.call(0)).args[0]).toEqual([{ kind, token: "token-0", ...rest }]);
      const other = kind === "ack" ? lease.nack() : lease.ack();
      expect((await faultOf(other, "LEASE_LOST")).message).toContain(kind);
      settles.calls[0]?.answer(["settled"]);
      await Promise.all([settled, again, settle(lease)]);
      await faultOf(lease.extend(), "LEASE_LOST");
      expect(lease.isOpen).toBe(false);
      expect(lease.signal.aborted).toBe(false);
      expect(settles.calls).toHaveLength(1);
    },
  );

  test("of several leases in one turn, or while one is under way, is one port call", async () => {
    const { polls, settles, consumer } = await consumerByHand();
    const many = consumer.leaseMany(4);
    const tokens = ["a", "b", "c", "d"];
    polls.calls[0]?.answer({
      deliveries: tokens.map((token, n) => delivery(n, n + 1, token)),
      state: "open",
    });
    const [a, b, c, d] = (await many) as [Lease<unknown>, Lease<unknown>, Lease<unknown>, Lease<unknown>];
    const settled = [a.ack(), b.nack()];
    await settles.call(0);
    settled.push(c.release(), d.extend(5));
    settles.calls[0]?.answer(["settled", "settled"]);
    const second = await settles.call(1);
    expect(second.args[0]).toEqual([
      { kind: "release", token: "c" },
      { kind: "extend", token: "d", leaseMs: 5 },
    ]);
    second.answer(["settled", "settled"]);
    await Promise.all(settled);
    expect(settles.calls[0]?.args[0]).toHaveLength(2);
  });

  test("that the port finds lost rejects LEASE_LOST, now and later, and aborts the signal", async () => {
    const { settles, lease } = await leased();
    const { signal } = lease;
    const ack = lease.ack();
    (await settles.call(0)).answer(["lost"]);
    const error = await faultOf(ack, "LEASE_LOST");
    expect([signal.aborted, signal.reason]).toEqual([true, error]);
    await faultOf(lease.ack(), "LEASE_LOST");
    await faultOf(lease.nack(), "LEASE_LOST");
    await faultOf(lease.extend(), "LEASE_LOST");
    expect(settles.calls).toHaveLength(1);
  });

  test("that failed without effect may be tried again, or another one be", async () => {
    const { settles, lease } = await leased();
    const ack = lease.ack();
    (await settles.call(0)).refuse(new BufferError("BUFFER_BUSY", "locked"));
    expect((await faultOf(ack, "BUFFER_BUSY")).effect).toBe("none");
    expect(lease.isOpen).toBe(true);
    const release = lease.release();
    (await settles.call(1)).answer(["settled"]);
    await release;
  });

  test("of unknown outcome may be tried again: what then is lost may be its own doing", async () => {
    const { settles, lease } = await leased();
    const ack = lease.ack();
    (await settles.call(0)).refuse(new BufferError("TRANSPORT_UNAVAILABLE", "gone", { effect: "unknown" }));
    await faultOf(ack, "OUTCOME_UNKNOWN");
    const again = lease.ack();
    (await settles.call(1)).answer(["lost"]);
    await faultOf(again, "OUTCOME_UNKNOWN");
  });

  test("that the port answers in the wrong number is of unknown outcome", async () => {
    const { settles, lease } = await leased();
    const ack = lease.ack();
    (await settles.call(0)).answer([]);
    await faultOf(ack, "OUTCOME_UNKNOWN");
  });

  test.each([
    ["a reason that is no string", (lease: Lease<unknown>) => lease.nack({ reason: 5 as never })],
    ["a negative delay", (lease: Lease<unknown>) => lease.nack({ delayMs: -1 })],
    ["an unknown option", (lease: Lease<unknown>) => lease.nack({ delay: 1 } as never)],
    ["an option that throws", (lease: Lease<unknown>) => lease.nack(throwing("delayMs"))],
    ["a burial without a word", (lease: Lease<unknown>) => lease.bury(null as never)],
    ["an extension by nothing", (lease: Lease<unknown>) => lease.extend(0)],
  ])("with %s is refused, and the lease stays open", async (_what, settle) => {
    const { lease, settles } = await leased();
    await faultOf(settle(lease), "INVALID_ARGUMENT");
    expect([lease.isOpen, settles.calls.length]).toEqual([true, 0]);
  });
});

describe("the signal of a lease", () => {
  test("is aborted when its time has passed, unless it was extended", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const { settles, lease } = await leased(100);
    const { signal } = lease;
    await vi.advanceTimersByTimeAsync(60);
    const extended = lease.extend();
    (await settles.call(0)).answer(["settled"]);
    await extended;
    await vi.advanceTimersByTimeAsync(99);
    expect(signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(signal.reason).toMatchObject({ code: "LEASE_LOST" });
    // The authority may still take it: nobody else had it yet.
    const ack = lease.ack();
    (await settles.call(1)).answer(["settled"]);
    await ack;
  });
});

describe("of a buffer that was destroyed elsewhere, the signals of all leases are aborted", () => {
  const gone = () => new BufferError("BUFFER_DESTROYED", "gone");
  const refuseWith = () => Promise.reject(gone());
  const port = {
    counts: refuseWith,
    drained: refuseWith,
    seal: refuseWith,
    producer: async () => ({ lastSequence: 0, offer: refuseWith, close: () => {} }),
  };

  test.each<[string, (hand: Awaited<ReturnType<typeof leased>>) => Promise<unknown>]>([
    ["a settlement", ({ lease, settles }) => refused(lease.ack(), settles.call(0))],
    ["an extension", ({ lease, settles }) => refused(lease.extend(), settles.call(0))],
    ["a take", ({ consumer, polls }) => refused(consumer.take(), polls.call(1))],
    ["the counts", ({ buffer }) => buffer.counts()],
    ["drained", ({ buffer }) => buffer.drained()],
    ["a seal", ({ buffer }) => buffer.seal()],
    ["a put", async ({ buffer }) => (await buffer.producer()).put(1)],
  ])("by whatever is told so first: %s", async (_what, call) => {
    const hand = await leased(30_000, { port });
    const { lease, settles } = hand;
    const { signal } = lease;
    await faultOf(call(hand), "BUFFER_DESTROYED");
    expect(signal.reason).toMatchObject({ code: "BUFFER_DESTROYED" });
    const asked = settles.calls.length;
    await faultOf(lease.nack(), "BUFFER_DESTROYED");
    expect([lease.isOpen, settles.calls.length]).toEqual([false, asked]);
  });

  test("not by a fault that may pass", async () => {
    const unavailable = new BufferError("TRANSPORT_UNAVAILABLE", "away");
    const { buffer, lease } = await leased(30_000, { port: { counts: () => Promise.reject(unavailable) } });
    await faultOf(buffer.counts(), "TRANSPORT_UNAVAILABLE");
    expect([lease.signal.aborted, lease.isOpen]).toEqual([false, true]);
  });

  test("by its own handle as well", async () => {
    const { buffer, lease } = await leased();
    const { signal } = lease;
    await buffer.destroy();
    expect(signal.reason).toMatchObject({ code: "BUFFER_DESTROYED" });
  });

  async function refused(call: Promise<unknown>, asked: Promise<{ refuse(error: unknown): void }>) {
    (await asked).refuse(gone());
    return call;
  }
});

describe("a kept lease", () => {
  test("is extended at each third of its time, until it is settled", async () => {
    vi.useFakeTimers();
    const { settles, lease } = await leased(300);
    keepLease(lease);
    for (const index of [0, 1, 2]) {
      await vi.advanceTimersByTimeAsync(100);
      const call = settles.calls[index];
      expect(call?.args[0]).toEqual([{ kind: "extend", token: "token-0", leaseMs: 300 }]);
      // One that fails is tried again a third later.
      if (index === 1) call?.refuse(new BufferError("BUFFER_BUSY", "locked"));
      else call?.answer(["settled"]);
    }
    const ack = lease.ack();
    await vi.advanceTimersByTimeAsync(1_000);
    settles.calls[3]?.answer(["settled"]);
    await ack;
    expect(settles.calls).toHaveLength(4);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("that turns out to be lost is extended no more", async () => {
    vi.useFakeTimers();
    const { settles, lease } = await leased(300);
    keepLease(lease);
    await vi.advanceTimersByTimeAsync(100);
    settles.calls[0]?.answer(["lost"]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(settles.calls).toHaveLength(1);
    expect(lease.isOpen).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("leases()", () => {
  async function loop(body: (lease: Lease<unknown>) => unknown) {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const hand = await consumerByHand();
    const done = (async () => {
      for await (const lease of hand.consumer.leases({ leaseMs: 300 })) {
        if ((await body(lease)) === "break") break;
      }
    })();
    const next = (index: number) =>
      hand.polls.call(index).then((poll) => {
        poll.answer({ deliveries: [delivery(index, index + 1, `token-${index}`)], state: "open" });
      });
    return { ...hand, done, next };
  }

  test("renews the lease in hand while the body runs, and ends at the end", async () => {
    let finish = () => {};
    const { settles, polls, done, next } = await loop(async (lease) => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      await lease.ack();
    });
    await next(0);
    await vi.advanceTimersByTimeAsync(100);
    expect(settles.calls[0]?.args[0]).toMatchObject([{ kind: "extend", token: "token-0" }]);
    settles.calls[0]?.answer(["settled"]);
    finish();
    const ack = await settles.call(1);
    expect(ack.args[0]).toEqual([{ kind: "ack", token: "token-0" }]);
    ack.answer(["settled"]);
    (await polls.call(1)).answer({ deliveries: [], state: "drained" });
    await done;
    expect(vi.getTimerCount()).toBe(0);
  });

  test("leaves a lease open that was not settled when the next is asked for, but renews it no more", async () => {
    const leases: Lease<unknown>[] = [];
    const { settles, polls, next } = await loop((lease) => {
      leases.push(lease);
    });
    await next(0);
    await polls.call(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(settles.calls).toHaveLength(0);
    expect(leases[0]?.isOpen).toBe(true);
    const ack = leases[0]?.ack();
    (await settles.call(0)).answer(["settled"]);
    await ack;
  });

  test.each(["break", "throw"])("releases the lease in hand when the body ends by %s", async (how) => {
    const { settles, done, next } = await loop(() => {
      if (how === "break") return "break";
      throw new Error("the body's");
    });
    const ended = done.catch((error: Error) => error.message);
    await next(0);
    const release = await settles.call(0);
    expect(release.args[0]).toEqual([{ kind: "release", token: "token-0" }]);
    expect(await isPending(ended)).toBe(true);
    release.answer(["settled"]);
    await expect(ended).resolves.toBe(how === "break" ? undefined : "the body's");
    expect(vi.getTimerCount()).toBe(0);
  });

  test("releases nothing that is being settled when the body breaks off", async () => {
    const { settles, done, next } = await loop((lease) => {
      void lease.ack();
      return "break";
    });
    await next(0);
    await done;
    (await settles.call(0)).answer(["settled"]);
    expect(settles.calls.map(({ args }) => args[0].map(({ kind }) => kind))).toEqual([["ack"]]);
  });
});
