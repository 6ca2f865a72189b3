// What core does when a port cannot say whether it put an item: retries, and when it must not pretend to know.
import { BufferError, type CreateOptions, createBuffer, type Offered, type ProducerPort } from "@sluice/core";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { faultOf, values } from "./kit/expectations.js";
import { producerByHand, type Script, scripted } from "./kit/scripted.js";

const gone = () => new BufferError("TRANSPORT_UNAVAILABLE", "no reply", { effect: "unknown" });
const mayBeUnknown: Script = { capabilities: { putOutcome: "may-be-unknown", retryWindowMs: 60_000 } };

describe("an offer of unknown outcome", () => {
  test("rejects all its calls OUTCOME_UNKNOWN with the fault as cause, where retries say nothing new", async () => {
    const { offers, producer } = await producerByHand();
    const fault = gone();
    const first = producer.put("a");
    const rest = [producer.put("b"), producer.put("c")];
    offers.calls[0]?.answer({ accepted: 1, state: "open" });
    await first;
    (await offers.call(1)).refuse(fault);
    for (const put of rest) {
      const error = await faultOf(put, "OUTCOME_UNKNOWN");
      expect([error.cause, error.effect]).toEqual([fault, "unknown"]);
    }
    expect(offers.calls).toHaveLength(2);
  });

  test("is what an error means that is not a BufferError", async () => {
    const { offers, producer } = await producerByHand();
    const put = producer.put("a");
    const bug = new TypeError("x is not a function");
    offers.calls[0]?.refuse(bug);
    const error = await faultOf(put, "OUTCOME_UNKNOWN");
    expect(error.cause).toMatchObject({ code: "STORAGE_FAILED", transport: "scripted", cause: bug });
  });

  test("is made known by a retry: the same items under the same numbers", async () => {
    const { offers, producer } = await producerByHand({ script: mayBeUnknown });
    const put = producer.putMany(["a", "b"]);
    const next = producer.put("c");
    for (const index of [0, 1, 2]) {
      const offer = await offers.call(index);
      expect([offer.args[0], values(offer.args[1])]).toEqual([1, ["a", "b"]]);
      if (index < 2) offer.refuse(gone());
      else offer.answer({ accepted: 2, state: "open" });
    }
    await expect(put).resolves.toBe(2);
    const after = await offers.call(3);
    expect([after.args[0], values(after.args[1])]).toEqual([3, ["c"]]);
    after.answer({ accepted: 1, state: "open" });
    await next;
  });

  test("is not made known by a retry that is answered sealed: never BUFFER_SEALED", async () => {
    const { offers, producer } = await producerByHand({ script: mayBeUnknown });
    const first = producer.put("a");
    const [accepted, tried, put] = [producer.put("b"), producer.tryPut("c"), producer.put("d")];
    offers.calls[0]?.answer({ accepted: 1, state: "open" });
    await first;
    (await offers.call(1)).refuse(gone());
    (await offers.call(2)).answer({ accepted: 1, state: "sealed" });
    await accepted;
    await faultOf(tried, "OUTCOME_UNKNOWN");
    await faultOf(put, "OUTCOME_UNKNOWN");
    // Of what comes after, it is known.
    const later = producer.put("e");
    (await offers.call(3)).answer({ accepted: 0, state: "sealed" });
    await faultOf(later, "BUFFER_SEALED");
  });

  test("is retried within half of the retry window only", async () => {
    const script: Script = { capabilities: { putOutcome: "may-be-unknown", retryWindowMs: 200 } };
    const { offers, producer } = await producerByHand({ script });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const startedAt = performance.now();
    const put = faultOf(producer.put("a"), "OUTCOME_UNKNOWN");
    for (let index = 0; ; index += 1) {
      let settled: Awaited<typeof put> | Awaited<ReturnType<typeof offers.call>> | undefined;
      void Promise.race([put, offers.call(index)]).then((first) => {
        settled = first;
      });
      while (settled === undefined) await vi.advanceTimersByTimeAsync(1);
      if (settled instanceof Error) break;
      settled.refuse(gone());
      // The last retry was sent while the authority certainly still knew the first try.
      expect(performance.now() - startedAt, "when an offer was made").toBeLessThan(200);
    }
    expect(offers.calls.length).toBeGreaterThan(1);
  });

  test("is not retried where the fault says that it is no use", async () => {
    const { offers, producer } = await producerByHand({ script: mayBeUnknown });
    const put = producer.put("a");
    offers.calls[0]?.refuse(new BufferError("STORAGE_FAILED", "EIO", { effect: "unknown" }));
    await faultOf(put, "OUTCOME_UNKNOWN");
    expect(offers.calls).toHaveLength(1);
  });

  test("ends for each caller at its own deadline or abort, and the others go on", async () => {
    const { offers, producer } = await producerByHand({ script: mayBeUnknown });
    const abort = new AbortController();
    const reason = new Error("enough");
    const first = producer.put("first");
    const patient = producer.put("patient");
    const timed = faultOf(producer.put("timed", { timeoutMs: 40 }), "OUTCOME_UNKNOWN");
    const aborted = faultOf(producer.put("aborted", { signal: abort.signal }), "OUTCOME_UNKNOWN");
    offers.calls[0]?.answer({ accepted: 1, state: "open" });
    await first;
    let isTold = 0;
    void timed.then(() => {
      isTold += 1;
      abort.abort(reason);
    });
    void aborted.then(() => {
      isTold += 1;
    });
    for (let index = 1; ; index += 1) {
      const offer = await offers.call(index);
      expect(values(offer.args[1])).toEqual(["patient", "timed", "aborted"]);
      if (isTold === 2) {
        offer.answer({ accepted: 3, state: "open" });
        break;
      }
      offer.refuse(gone());
    }
    expect((await aborted).cause).toBe(reason);
    await patient;
  });

  test("does not hold up close", async () => {
    const { offers, producer } = await producerByHand({ script: mayBeUnknown });
    const put = faultOf(producer.put("a"), "OUTCOME_UNKNOWN");
    offers.calls[0]?.refuse(gone());
    await producer.close();
    await put;
  });
});

describe("after an unknown outcome", () => {
  interface Registration {
    readonly id: string | undefined;
    readonly offered: [number, unknown[]][];
    isClosed: boolean;
  }

  /** A producer whose first offer has an unknown outcome; the next registration knows `lastSequence` items. */
  async function afterUnknown(
    id: string | undefined,
    lastSequences: number[],
    create: Partial<CreateOptions> = {},
  ) {
    const registrations: Registration[] = [];
    const answers: (() => Offered)[] = [
      () => {
        throw gone();
      },
    ];
    const producer = async (given?: string): Promise<ProducerPort> => {
      const registration: Registration = { id: given, offered: [], isClosed: false };
      const lastSequence = lastSequences[registrations.length] ?? 0;
      registrations.push(registration);
      return {
        lastSequence,
        offer(firstSequence, items) {
          registration.offered.push([firstSequence, values(items)]);
          return answers.shift()?.() ?? { accepted: items.length, state: "open" };
        },
        close() {
          registration.isClosed = true;
        },
      };
    };
    const buffer = await createBuffer(scripted({ port: { producer } }), { capacity: 5, ...create } as {
      capacity: 5;
    });
    const handle = await buffer.producer(id === undefined ? {} : { id });
    await faultOf(handle.put("a"), "OUTCOME_UNKNOWN");
    return { handle, registrations, answers };
  }

  test("a named producer registers again before its next put, and takes up where the authority says", async () => {
    const { handle, registrations } = await afterUnknown("p", [10, 11]);
    expect(registrations).toHaveLength(1);
    await handle.put("b");
    expect(registrations.map(({ id }) => id)).toEqual(["p", "p"]);
    expect(registrations[1]?.offered).toEqual([[12, ["b"]]]);
    expect(handle.lastSequence).toBe(12);
  });

  test("an anonymous one ends its old registration first, and counts on in a new one", async () => {
    const { handle, registrations } = await afterUnknown(undefined, [0, 0]);
    await handle.put("b");
    expect(registrations.map(({ isClosed }) => isClosed)).toEqual([true, false]);
    expect(registrations[1]?.offered).toEqual([[1, ["b"]]]);
    await handle.put("c");
    expect(handle.lastSequence).toBe(2);
    await handle.close();
    expect(registrations[1]?.isClosed).toBe(true);
  });

  test("a registration that fails rejects the put without effect, and is tried again by the next", async () => {
    const registrations: string[] = [];
    const producer = async (): Promise<ProducerPort> => {
      registrations.push("");
      if (registrations.length === 2) throw gone();
      const offer = () => {
        if (registrations.length === 1) throw gone();
        return { accepted: 1, state: "open" as const };
      };
      return { lastSequence: 0, offer, close: () => {} };
    };
    const buffer = await createBuffer(scripted({ port: { producer } }), { capacity: 5 });
    const handle = await buffer.producer({ id: "p" });
    await faultOf(handle.put("a"), "OUTCOME_UNKNOWN");
    expect((await faultOf(handle.put("b"), "TRANSPORT_UNAVAILABLE")).effect).toBe("none");
    await handle.put("b");
    expect(registrations).toHaveLength(3);
  });
});
