// Puts over a port that the test answers by hand: what is offered, under which numbers, and what each caller is told.
import { createBuffer } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { faultOf, isPending, throwing, values } from "./kit/expectations.js";
import { NO_COUNTS, producerByHand, scripted } from "./kit/scripted.js";

describe("an offer", () => {
  test("is made at once, within the call of put", async () => {
    const { offers, producer } = await producerByHand();
    const put = producer.put("a");
    expect(offers.calls).toHaveLength(1);
    offers.calls[0]?.answer({ accepted: 1, state: "open" });
    await expect(put).resolves.toBeUndefined();
  });

  test("carries all puts that came while the one before was under way, in call order, numbered densely", async () => {
    const { offers, producer } = await producerByHand();
    const puts = ["a", "b", "c"].map((value) => producer.put(value));
    expect(offers.calls).toHaveLength(1);
    offers.calls[0]?.answer({ accepted: 1, state: "open" });
    const second = await offers.call(1);
    expect([second.args[0], values(second.args[1])]).toEqual([2, ["b", "c"]]);
    second.answer({ accepted: 2, state: "open" });
    await Promise.all(puts);
    expect(producer.lastSequence).toBe(3);
  });

  test("that is accepted in part resolves the first calls, and the others stand in front again", async () => {
    const { offers, producer } = await producerByHand();
    const puts = ["a", "b", "c"].map((value) => producer.put(value));
    offers.calls[0]?.answer({ accepted: 1, state: "open" });
    (await offers.call(1)).answer({ accepted: 1, state: "full", fullBy: "items" });
    await Promise.all(puts.slice(0, 2));
    const third = await offers.call(2);
    const late = producer.put("d");
    expect([third.args[0], values(third.args[1])]).toEqual([3, ["c"]]);
    third.answer({ accepted: 0, state: "full", fullBy: "items" });
    const fourth = await offers.call(3);
    expect([fourth.args[0], values(fourth.args[1])]).toEqual([3, ["c", "d"]]);
    fourth.answer({ accepted: 2, state: "open" });
    await Promise.all([puts[2], late]);
  });

  test.each([
    ["the capacity", 3, 10, 3],
    ["1,024 items", 5_000, 10, 1_024],
    ["1 MiB", 5_000, 60_000, 18],
  ])("carries no more than %s", async (_limit, capacity, bytes, expected) => {
    const { offers, producer } = await producerByHand({ capacity });
    const count = producer.putMany(Array.from({ length: 2_000 }, () => "x".repeat(bytes)));
    expect(offers.calls[0]?.args[1]).toHaveLength(expected);
    offers.calls[0]?.answer({ accepted: expected, state: "sealed" });
    await expect(count).resolves.toBe(expected);
  });

  test("has the bytes as they were when put was called", async () => {
    const { offers, producer } = await producerByHand();
    void producer.put("first");
    const value = { n: 1 };
    const put = producer.put(value);
    value.n = 2;
    offers.calls[0]?.answer({ accepted: 1, state: "open" });
    const second = await offers.call(1);
    expect(values(second.args[1])).toEqual([{ n: 1 }]);
    second.answer({ accepted: 1, state: "open" });
    await put;
  });
});

describe("putMany", () => {
  test("resolves with 0 for no values, and offers nothing", async () => {
    const { offers, producer } = await producerByHand();
    await expect(producer.putMany([])).resolves.toBe(0);
    expect(offers.calls).toHaveLength(0);
  });

  test("keeps its place at the head of the line until all its items are accepted", async () => {
    const { offers, producer } = await producerByHand({ capacity: 2 });
    const many = producer.putMany([1, 2, 3, 4, 5]);
    const after = producer.put(6);
    for (const [index, expected] of [
      [1, 2],
      [3, 4],
      [5, 6],
    ].entries()) {
      const offer = await offers.call(index);
      expect(values(offer.args[1])).toEqual(expected);
      offer.answer({ accepted: 2, state: "open" });
    }
    await expect(many).resolves.toBe(5);
    await after;
  });

  test("offers nothing if one of its values cannot be encoded", async () => {
    const { offers, producer } = await producerByHand();
    await faultOf(producer.putMany([1, () => {}, 3]), "ITEM_UNENCODABLE");
    expect(offers.calls).toHaveLength(0);
  });

  test.each(["sealed", "timed out", "aborted", "closed", "faulty"] as const)(
    "resolves with the count of the prefix if it is %s after the first, and rejects if none was accepted",
    async (how) => {
      for (const accepted of [2, 0]) {
        const { offers, producer } = await producerByHand();
        const abort = new AbortController();
        const reason = new Error("enough");
        const options = { timeoutMs: how === "timed out" ? 30 : 60_000, signal: abort.signal };
        const many = producer.putMany([1, 2, 3], options);
        const first = offers.calls[0];
        if (how === "sealed") first?.answer({ accepted, state: "sealed" });
        else {
          first?.answer({ accepted, state: "full", fullBy: "bytes" });
          const second = await offers.call(1);
          const signal = second.args[2].signal;
          signal.addEventListener("abort", () => second.answer({ accepted: 0, state: "open" }));
          if (how === "aborted") abort.abort(reason);
          if (how === "closed") void producer.close();
          if (how === "faulty") second.refuse(Object.assign(new Error("disk"), {}));
        }
        if (how === "faulty") await faultOf(many, "OUTCOME_UNKNOWN");
        else if (accepted > 0) await expect(many).resolves.toBe(2);
        else if (how === "sealed") await faultOf(many, "BUFFER_SEALED");
        else if (how === "aborted") await expect(many).rejects.toBe(reason);
        else if (how === "closed") await faultOf(many, "HANDLE_CLOSED");
        else expect((await faultOf(many, "WAIT_TIMED_OUT")).message).toContain("by bytes");
      }
    },
  );
});

test("a put whose time is up says that the buffer was full only where the port did, and what ran out, where it can be only one", async () => {
  for (const waits of [true, false]) {
    const { offers, producer } = await producerByHand();
    const put = producer.put("a", { timeoutMs: 30 });
    const behind = producer.put("b", { timeoutMs: 20 });
    const [offer] = offers.calls;
    const wait = offer?.args[2];
    wait?.signal.addEventListener("abort", () => offer?.answer({ accepted: 0, state: "open" }));
    if (waits) wait?.onWait();
    const when = waits ? "while the buffer was full (by items)" : "before the buffer had answered";
    const faults = await Promise.all([put, behind].map((call) => faultOf(call, "WAIT_TIMED_OUT")));
    for (const { message } of faults) expect(message).toContain(`passed ${when}: nothing was put`);
  }
});

describe("tryPut", () => {
  test("on an idle producer asks the port not to wait", async () => {
    const { offers, producer } = await producerByHand();
    for (const [index, state, told] of [
      [0, "full", "full"],
      [1, "sealed", "sealed"],
    ] as const) {
      const tried = producer.tryPut("a");
      const offer = await offers.call(index);
      expect(offer.args[2].maxMs).toBe(0);
      offer.answer({ accepted: 0, state });
      await expect(tried).resolves.toBe(told);
    }
    const tried = producer.tryPut("a");
    (await offers.call(2)).answer({ accepted: 1, state: "open" });
    await expect(tried).resolves.toBe("accepted");
  });

  test("behind an offer under way waits for its answer, and then is offered", async () => {
    const { offers, producer } = await producerByHand();
    const put = producer.put("a");
    const tried = producer.tryPut("b");
    expect(await isPending(tried)).toBe(true);
    offers.calls[0]?.answer({ accepted: 1, state: "open" });
    await put;
    const second = await offers.call(1);
    expect([values(second.args[1]), second.args[2].maxMs]).toEqual([["b"], 0]);
    second.answer({ accepted: 1, state: "open" });
    await expect(tried).resolves.toBe("accepted");
  });

  test("behind an offer that begins to wait is full at once; the port looks again for one that comes later", async () => {
    let ready = 5;
    const counts = () => ({ ...NO_COUNTS, ready });
    const { offers, producer } = await producerByHand({ script: { port: { counts } } });
    const put = producer.put("a");
    const before = producer.tryPut("b");
    const zero = producer.put("c", { timeoutMs: 0 });
    offers.calls[0]?.args[2].onWait();
    await expect(before).resolves.toBe("full");
    await faultOf(zero, "WAIT_TIMED_OUT");
    await expect(producer.tryPut("still full")).resolves.toBe("full");
    expect(offers.calls[0]?.args[2].signal.aborted, "the put keeps its turn").toBe(false);
    // Room has come meanwhile, of which the offer that waits has not heard.
    ready = 3;
    const after = producer.tryPut("d");
    expect(await isPending(after)).toBe(true);
    expect(offers.calls[0]?.args[2].signal.aborted).toBe(true);
    offers.calls[0]?.answer({ accepted: 0, state: "open" });
    const second = await offers.call(1);
    expect([values(second.args[1]), second.args[2].maxMs]).toEqual([["a", "d"], 0]);
    second.answer({ accepted: 2, state: "open" });
    await put;
    await expect(after).resolves.toBe("accepted");
  });

  test("behind as many calls as may wait is full, and no error", async () => {
    const { offers, producer } = await producerByHand({ waitersMax: 1 });
    void producer.put("a");
    offers.calls[0]?.args[2].onWait();
    await expect(producer.tryPut("b")).resolves.toBe("full");
    expect(offers.calls).toHaveLength(1);
  });

  test("merged with a put that waits: nobody waits in that offer, and the put is offered again", async () => {
    const { offers, producer } = await producerByHand();
    void producer.put("a");
    const put = producer.put("b");
    const tried = producer.tryPut("c");
    offers.calls[0]?.answer({ accepted: 1, state: "open" });
    const second = await offers.call(1);
    expect([values(second.args[1]), second.args[2].maxMs]).toEqual([["b", "c"], 0]);
    second.answer({ accepted: 0, state: "full", fullBy: "items" });
    await expect(tried).resolves.toBe("full");
    const third = await offers.call(2);
    expect([values(third.args[1]), third.args[2].maxMs]).toEqual([["b"], Number.POSITIVE_INFINITY]);
    third.answer({ accepted: 1, state: "open" });
    await put;
  });

  test("whose offer was cut short by somebody else's abort is not told full, but offered again", async () => {
    const { offers, producer } = await producerByHand();
    const abort = new AbortController();
    void producer.put("a");
    const put = producer.put("b", { signal: abort.signal });
    const tried = producer.tryPut("c");
    offers.calls[0]?.answer({ accepted: 1, state: "open" });
    const second = await offers.call(1);
    abort.abort(new Error("enough"));
    second.answer({ accepted: 0, state: "open" });
    await expect(put).rejects.toThrow("enough");
    const third = await offers.call(2);
    expect(values(third.args[1])).toEqual(["c"]);
    third.answer({ accepted: 1, state: "open" });
    await expect(tried).resolves.toBe("accepted");
  });
});

describe("a seal", () => {
  test("refuses all that wait, without asking the port for each", async () => {
    const { offers, producer } = await producerByHand({ capacity: 1 });
    const puts = [1, 2, 3].map((value) => producer.put(value));
    const tried = producer.tryPut(4);
    offers.calls[0]?.answer({ accepted: 0, state: "sealed" });
    for (const put of puts) await faultOf(put, "BUFFER_SEALED");
    await expect(tried).resolves.toBe("sealed");
    expect(offers.calls).toHaveLength(1);
  });
});

describe("what is refused before it is offered", () => {
  test.each([undefined, () => {}, Symbol("s"), 1n, Number.NaN, [undefined], new Map()])(
    "%o",
    async (value) => {
      const { offers, producer } = await producerByHand();
      const error = await faultOf(producer.put(value), "ITEM_UNENCODABLE");
      expect(error.effect).toBe("none");
      expect(offers.calls).toHaveLength(0);
    },
  );

  test("an item of more than itemBytesMax, with its size and the maximum in the message", async () => {
    const { offers, producer } = await producerByHand({ itemBytesMax: 10 });
    const error = await faultOf(producer.put("123456789"), "ITEM_TOO_LARGE");
    expect(error.message).toMatch(/\b11 bytes\b.*\b10\b/);
    expect(offers.calls).toHaveLength(0);
    // Exactly the maximum is allowed, whatever the envelope adds.
    void producer.put("12345678", { headers: { a: "b" } });
    expect(offers.calls).toHaveLength(1);
  });

  test.each([
    [{ timeoutMs: -1 }, RangeError],
    [{ timeoutMs: Number.NaN }, RangeError],
    [{ timeoutMs: 2 ** 31 }, RangeError],
    [{ timeoutMs: "9" }, TypeError],
    [{ signal: {} }, TypeError],
    [{ timeOutMs: 5 }, TypeError],
    [{ headers: { a: 1 } }, TypeError],
    [{ headers: { a: "x".repeat(2_000) } }, RangeError],
  ])("the options %o", async (options, kind) => {
    const { offers, producer } = await producerByHand();
    const put = producer.put("a", options as never);
    await expect(put).rejects.toBeInstanceOf(kind);
    await expect(put).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(offers.calls).toHaveLength(0);
  });

  test("an option that throws when it is read; one that is not the object's own says nothing", async () => {
    const { offers, producer } = await producerByHand();
    await faultOf(producer.put("a", throwing("timeoutMs")), "INVALID_ARGUMENT");
    expect(offers.calls).toHaveLength(0);
    void producer.put("a", Object.create({ timeoutMs: -1, headers: 5 }));
    expect(offers.calls[0]?.args[2].maxMs).toBe(Number.POSITIVE_INFINITY);
  });

  test("more calls than waitersMax", async () => {
    const { offers, producer } = await producerByHand({ waitersMax: 2 });
    const puts = [producer.put(1), producer.put(2)];
    await faultOf(producer.put(3), "TOO_MANY_WAITERS");
    offers.calls[0]?.answer({ accepted: 1, state: "open" });
    (await offers.call(1)).answer({ accepted: 1, state: "open" });
    await Promise.all(puts);
  });
});

test("a port that answers at once costs no turn of its own, but the event loop has its turn", async () => {
  let offered = 0;
  const offer = () => {
    offered += 1;
    return { accepted: 1, state: "open" as const };
  };
  const producer = await (await createBuffer(scripted({ producer: { offer } }), { capacity: 5 })).producer();
  const put = producer.put(1);
  expect(offered).toBe(1);
  await put;
  let turns = 0;
  const interval = setInterval(() => {
    turns += 1;
  });
  const started = performance.now();
  // For as long as it takes: the timer can only tick if the loop of awaits lets it.
  while (turns < 3 && performance.now() - started < 10_000) await producer.put(1);
  clearInterval(interval);
  expect(turns).toBe(3);
});

test("an answer that breaks the interface is not believed", async () => {
  const { offers, producer } = await producerByHand();
  const put = producer.put("a");
  offers.calls[0]?.answer({ accepted: 2, state: "open" });
  const error = await faultOf(put, "OUTCOME_UNKNOWN");
  expect((error.cause as Error).message).toContain("accepted 2 of 1");
});
