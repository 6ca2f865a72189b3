// Deadlines, aborts, busy locks and silent ports, over a port that the test answers by hand.
import { BufferError, createBuffer } from "@sluice/core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { delivery, faultOf, isPending, values } from "./kit/expectations.js";
import { consumerByHand, producerByHand, scripted } from "./kit/scripted.js";

afterEach(() => {
  vi.useRealTimers();
});

/** Time stands still until the test moves it; promises go on. */
function stopTheClock(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const busy = () => new BufferError("BUFFER_BUSY", "pid 7 holds the lock", { effect: "none" });

describe("a deadline", () => {
  test("0 tries once, without waiting, and then times out", async () => {
    const { offers, producer } = await producerByHand();
    const put = producer.put("a", { timeoutMs: 0 });
    expect(offers.calls[0]?.args[2].maxMs).toBe(0);
    offers.calls[0]?.answer({ accepted: 0, state: "full", fullBy: "items" });
    expect((await faultOf(put, "WAIT_TIMED_OUT")).message).toContain("full (by items)");
    const again = producer.put("a", { timeoutMs: 0 });
    (await offers.call(1)).answer({ accepted: 1, state: "open" });
    await again;
  });

  test("of the most impatient of merged calls is the port's; none is Infinity", async () => {
    stopTheClock();
    const { offers, producer } = await producerByHand();
    const first = producer.put("a");
    expect(offers.calls[0]?.args[2].maxMs).toBe(Number.POSITIVE_INFINITY);
    const rest = [
      producer.put("b"),
      producer.put("c", { timeoutMs: 70 }),
      producer.put("d", { timeoutMs: 50 }),
    ];
    await pass(20);
    offers.calls[0]?.answer({ accepted: 1, state: "open" });
    const second = await offers.call(1);
    expect(second.args[2].maxMs).toBe(30);
    second.answer({ accepted: 3, state: "open" });
    await Promise.all([first, ...rest]);
  });

  test("is not moved by a port that returns early: core asks again for what is left", async () => {
    stopTheClock();
    const { polls, consumer } = await consumerByHand();
    const take = consumer.take({ timeoutMs: 100 });
    await pass(60);
    polls.calls[0]?.answer({ deliveries: [], state: "empty" });
    const second = await polls.call(1);
    expect(second.args[1].maxMs).toBe(40);
    await pass(40);
    second.answer({ deliveries: [], state: "empty" });
    await faultOf(take, "WAIT_TIMED_OUT");
  });

  test("of a call that waits behind another is kept by core, and the one before waits on", async () => {
    stopTheClock();
    const { offers, producer } = await producerByHand();
    const first = producer.put("a");
    const late = producer.put("b", { timeoutMs: 200 });
    const early = producer.put("c", { timeoutMs: 50 });
    const refused = [faultOf(early, "WAIT_TIMED_OUT"), faultOf(late, "WAIT_TIMED_OUT")];
    await pass(49);
    expect(producer.waiting).toBe(3);
    await pass(1);
    await refused[0];
    expect(producer.waiting).toBe(2);
    await pass(150);
    await refused[1];
    offers.calls[0]?.answer({ accepted: 1, state: "open" });
    await first;
    expect(offers.calls).toHaveLength(1);
  });

  test("that the port lets pass ends its wait, and its answer still counts", async () => {
    stopTheClock();
    const { offers, producer } = await producerByHand();
    const puts = [producer.put("a", { timeoutMs: 50 }), producer.put("b", { timeoutMs: 10_000 })];
    const signal = offers.calls[0]?.args[2].signal;
    await pass(149);
    expect(signal?.aborted).toBe(false);
    await pass(1);
    expect(signal?.aborted).toBe(true);
    offers.calls[0]?.answer({ accepted: 1, state: "open" });
    await puts[0];
    const second = await offers.call(1);
    expect([values(second.args[1]), second.args[2].signal.aborted]).toEqual([["b"], false]);
    second.answer({ accepted: 1, state: "open" });
    await puts[1];
  });

  test("leaves no timer behind", async () => {
    stopTheClock();
    const { offers, producer } = await producerByHand();
    const put = producer.put("a", { timeoutMs: 10_000 });
    offers.calls[0]?.answer({ accepted: 1, state: "open" });
    await put;
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("an abort", () => {
  test("before the call rejects with the reason, and nothing is offered", async () => {
    const { offers, producer } = await producerByHand();
    const reason = { not: "even an error" };
    await expect(producer.put("a", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(offers.calls).toHaveLength(0);
  });

  test("of a call in line removes it at once", async () => {
    const { offers, producer } = await producerByHand();
    const abort = new AbortController();
    const first = producer.put("a");
    const put = producer.put("b", { signal: abort.signal });
    abort.abort(new Error("enough"));
    await expect(put).rejects.toThrow("enough");
    expect(offers.calls[0]?.args[2].signal.aborted).toBe(false);
    offers.calls[0]?.answer({ accepted: 1, state: "open" });
    await first;
    expect(offers.calls).toHaveLength(1);
  });

  test("of a call that the port has in hand waits for the port's word: accepted resolves", async () => {
    const { offers, producer } = await producerByHand();
    const abort = new AbortController();
    const put = producer.put("a", { signal: abort.signal });
    abort.abort(new Error("enough"));
    expect(offers.calls[0]?.args[2].signal.aborted).toBe(true);
    expect(await isPending(put)).toBe(true);
    offers.calls[0]?.answer({ accepted: 1, state: "open" });
    await put;
  });

  test("of one of several offered together: the others are offered again, with a fresh signal", async () => {
    const { offers, producer } = await producerByHand();
    const abort = new AbortController();
    const first = producer.put("a");
    const puts = [producer.put("b"), producer.put("c", { signal: abort.signal }), producer.put("d")];
    offers.calls[0]?.answer({ accepted: 1, state: "open" });
    const second = await offers.call(1);
    abort.abort(new Error("enough"));
    expect(second.args[2].signal.aborted).toBe(true);
    second.answer({ accepted: 0, state: "open" });
    await expect(puts[1]).rejects.toThrow("enough");
    const third = await offers.call(2);
    expect([values(third.args[1]), third.args[2].signal.aborted]).toEqual([["b", "d"], false]);
    third.answer({ accepted: 2, state: "open" });
    await Promise.all([first, puts[0], puts[2]]);
  });

  test("that the port cannot answer for is OUTCOME_UNKNOWN, with the caller's reason as its cause", async () => {
    const { offers, producer } = await producerByHand();
    const abort = new AbortController();
    const reason = new Error("enough");
    const put = producer.put("a", { signal: abort.signal });
    abort.abort(reason);
    offers.calls[0]?.refuse(new BufferError("TRANSPORT_UNAVAILABLE", "gone", { effect: "unknown" }));
    expect((await faultOf(put, "OUTCOME_UNKNOWN")).cause).toBe(reason);
  });

  test("that meets a fault without effect rejects with the reason: nothing happened", async () => {
    const { polls, consumer } = await consumerByHand();
    const abort = new AbortController();
    const take = consumer.take({ signal: abort.signal });
    abort.abort(new Error("enough"));
    polls.calls[0]?.refuse(new BufferError("TRANSPORT_UNAVAILABLE", "gone"));
    await expect(take).rejects.toThrow("enough");
  });

  test("of a take swallows no item: it goes to the next in line", async () => {
    const { polls, consumer } = await consumerByHand();
    const abort = new AbortController();
    const first = consumer.take();
    const aborted = consumer.take({ signal: abort.signal });
    const third = consumer.take();
    polls.calls[0]?.answer({ deliveries: [delivery("a", 1)], state: "open" });
    const second = await polls.call(1);
    expect(second.args[0]).toBe(2);
    abort.abort(new Error("enough"));
    second.answer({ deliveries: [delivery("b", 2)], state: "open" });
    await expect(first).resolves.toEqual({ done: false, value: "a" });
    await expect(third).resolves.toEqual({ done: false, value: "b" });
    await expect(aborted).rejects.toThrow("enough");
  });

  test("of one take beside others: each of them has its own item, and none is given twice", async () => {
    const { polls, consumer } = await consumerByHand();
    const abort = new AbortController();
    const first = consumer.take();
    const takes = [consumer.take(), consumer.take({ signal: abort.signal }), consumer.take()];
    polls.calls[0]?.answer({ deliveries: [delivery("a", 1)], state: "open" });
    await first;
    const second = await polls.call(1);
    abort.abort(new Error("enough"));
    second.answer({ deliveries: [delivery("b", 2), delivery("c", 3), delivery("d", 4)], state: "open" });
    await expect(Promise.all(takes)).resolves.toMatchObject([{ value: "b" }, { value: "d" }, { value: "c" }]);
  });

  test("of a take that nobody stands behind resolves with the item it was given", async () => {
    const { polls, consumer } = await consumerByHand();
    const abort = new AbortController();
    const take = consumer.take({ signal: abort.signal });
    abort.abort();
    polls.calls[0]?.answer({ deliveries: [delivery("a", 1)], state: "open" });
    await expect(take).resolves.toEqual({ done: false, value: "a" });
  });

  test("by one signal of many calls warns of no leak", async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on("warning", onWarning);
    const { offers, producer } = await producerByHand();
    const abort = new AbortController();
    const puts = Array.from({ length: 50 }, (_, n) => producer.put(n, { signal: abort.signal }));
    abort.abort(new Error("enough"));
    offers.calls[0]?.answer({ accepted: 0, state: "open" });
    for (const put of puts) await expect(put).rejects.toThrow("enough");
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", onWarning);
    expect(warnings).toEqual([]);
  });
});

describe("a busy lock", () => {
  test("rejects a try at once, and a call that waits at its deadline, having asked now and then", async () => {
    stopTheClock();
    const { offers, producer } = await producerByHand();
    const tried = faultOf(producer.tryPut("a"), "BUFFER_BUSY");
    offers.calls[0]?.refuse(busy());
    await tried;
    const put = faultOf(producer.put("b", { timeoutMs: 500 }), "BUFFER_BUSY");
    for (let passed = 0; passed < 600; passed += 5) {
      for (const call of offers.calls) call.refuse(busy());
      await pass(5);
    }
    expect((await put).effect).toBe("none");
    expect(offers.calls.length).toBeGreaterThan(5);
    expect(offers.calls.length).toBeLessThan(20);
  });

  test("that comes free lets the waiting call through", async () => {
    stopTheClock();
    const { offers, producer } = await producerByHand();
    const put = producer.put("a");
    offers.calls[0]?.refuse(busy());
    await pass(1_000);
    expect(values(offers.calls[1]?.args[1] ?? [])).toEqual(["a"]);
    offers.calls[1]?.answer({ accepted: 1, state: "open" });
    await put;
  });
});

describe("a port that does not answer", () => {
  test("leaves a call OUTCOME_UNKNOWN some seconds after its deadline, and its late answer is heeded", async () => {
    stopTheClock();
    const { offers, producer } = await producerByHand();
    const put = faultOf(producer.put("a", { timeoutMs: 50 }), "OUTCOME_UNKNOWN");
    await pass(5_500);
    await put;
    const next = producer.put("b");
    await faultOf(producer.tryPut("c"), "TRANSPORT_UNAVAILABLE");
    expect(offers.calls).toHaveLength(1);
    offers.calls[0]?.answer({ accepted: 1, state: "open" });
    const second = await offers.call(1);
    expect(second.args[0], "the number after the one that came late").toBe(2);
    expect(values(second.args[1])).toEqual(["b"]);
    second.answer({ accepted: 1, state: "open" });
    await next;
  });

  test("leaves whoever tries once no longer: in hand OUTCOME_UNKNOWN, behind it not asked for", async () => {
    stopTheClock();
    const { offers, producer } = await producerByHand();
    const inHand = faultOf(producer.tryPut("a"), "OUTCOME_UNKNOWN");
    const behind = faultOf(producer.tryPut("b"), "TRANSPORT_UNAVAILABLE");
    await pass(5_500);
    await Promise.all([inHand, behind]);
    expect(offers.calls).toHaveLength(1);
  });

  test("does not hold up close for ever", async () => {
    stopTheClock();
    const { producer } = await producerByHand();
    const put = faultOf(producer.put("a"), "OUTCOME_UNKNOWN");
    const closed = producer.close();
    await pass(6_000);
    await Promise.all([put, closed]);
  });

  test("does not hold up a close that comes when its calls are over", async () => {
    stopTheClock();
    const { producer, buffer } = await producerByHand();
    const put = faultOf(producer.put("a", { timeoutMs: 50 }), "OUTCOME_UNKNOWN");
    await pass(5_500);
    await put;
    await producer.close();
    await buffer.close();
  });

  test("and then hands out a lease that nobody wants any more: it is released", async () => {
    stopTheClock();
    const { polls, settles, consumer } = await consumerByHand();
    const lease = faultOf(consumer.lease({ timeoutMs: 50 }), "OUTCOME_UNKNOWN");
    await pass(5_500);
    await lease;
    polls.calls[0]?.answer({ deliveries: [delivery("a", 1, "token")], state: "open" });
    expect((await settles.call(0)).args[0]).toEqual([{ kind: "release", token: "token" }]);
  });
});

describe("the hooks", () => {
  test("tell once that the producer waits, and once that it goes on", async () => {
    const told: string[] = [];
    const { offers, producer } = await producerByHand({
      options: {
        onWait: () => told.push("wait"),
        onResume: (ms) => told.push(ms >= 0 ? "resume" : "negative"),
      },
    });
    const puts = [producer.put("a"), producer.put("b")];
    offers.calls[0]?.args[2].onWait();
    offers.calls[0]?.answer({ accepted: 0, state: "full", fullBy: "items" });
    const second = await offers.call(1);
    second.args[2].onWait();
    expect(told).toEqual(["wait"]);
    second.answer({ accepted: 1, state: "full", fullBy: "items" });
    const third = await offers.call(2);
    expect(told).toEqual(["wait", "resume"]);
    third.args[2].onWait();
    third.answer({ accepted: 1, state: "open" });
    await Promise.all(puts);
    expect(told).toEqual(["wait", "resume", "wait", "resume"]);
  });

  test("that throw break nothing, and are reported as uncaught", async () => {
    // The runner listens too, and would fail the test for what it is here to see.
    const runners = process.listeners("uncaughtException");
    for (const listener of runners) process.off("uncaughtException", listener);
    const uncaught = new Promise((resolve) => process.once("uncaughtException", resolve));
    const offer = (_first: number, _items: unknown, wait: { onWait(): void }) => {
      wait.onWait();
      return { accepted: 1, state: "open" as const };
    };
    const buffer = await createBuffer(scripted({ producer: { offer } }), { capacity: 5 });
    const fault = new Error("the hook's");
    const onWait = () => {
      throw fault;
    };
    const producer = await buffer.producer({ onWait });
    await producer.put("a");
    expect(await uncaught).toBe(fault);
    for (const listener of runners) process.on("uncaughtException", listener);
  });
});

test("a port that answers at once, and in vain, is asked for everybody in turn", async () => {
  let isFull = true;
  const offer = () =>
    isFull
      ? { accepted: 0, state: "full" as const, fullBy: "items" as const }
      : { accepted: 1, state: "open" as const };
  const poll = () => {
    isFull = false;
    return { deliveries: [delivery("a", 1)], state: "open" as const };
  };
  const buffer = await createBuffer(scripted({ producer: { offer }, consumer: { poll } }), { capacity: 1 });
  const [producer, consumer] = [await buffer.producer(), await buffer.consumer()];
  const put = producer.put("b");
  await new Promise(setImmediate);
  expect(await consumer.take()).toEqual({ done: false, value: "a" });
  await put;
});
