// The report tells the truth about a transport that fails or lies, and its exit code follows from it.
import { BufferError, createBuffer, lastLine, openBuffer, type RunPlan, reportText } from "@sluice/core";
import { expect, test } from "vitest";
import { inline, watch, worker } from "./harness.js";
import { type Tricks, wrappedTransport } from "./wrapped-transport.js";

function nineItems(tricks: Tricks): RunPlan {
  return {
    transport: wrappedTransport(tricks),
    create: { capacity: 5 },
    producers: {
      module: worker("count"),
      argsOfEach: [
        { prefix: "a", items: 5 },
        { prefix: "b", items: 4 },
      ],
    },
    consumers: { module: worker("collect"), count: 2 },
  };
}

const unknown = () => new BufferError("OUTCOME_UNKNOWN", "the line went dead", { effect: "unknown" });
const unavailable = () => new BufferError("TRANSPORT_UNAVAILABLE", "the broker is gone");

test("puts whose answer was lost are asked after, and neither lost nor doubled", async () => {
  let calls = 0;
  const { events, report } = watch({
    ...nineItems({
      offer: (offer) => async (first, items, wait) => {
        const answer = await offer(first, items, wait);
        if (++calls % 2 === 0) throw unknown();
        return answer;
      },
    }),
    values: true,
  });
  expect(await report).toMatchObject({
    exitCode: 0,
    produced: 9,
    consumed: 9,
    unknown: 0,
    totals: { produced: 9 },
  });
  const got = events.flatMap((event) => (event.kind === "consumed" ? (event.values ?? []) : []));
  expect(new Set(got).size).toBe(9);
});

test("a buffer that is there and busy, for others are opening it, is opened when they are through", async () => {
  let opens = 0;
  const opening = () => {
    if (++opens % 3 !== 0)
      throw new BufferError("BUFFER_BUSY", "somebody is at the door", { effect: "none" });
  };
  const { transport, create: _, ...plan } = nineItems({ opening });
  opens = 2;
  const buffer = await createBuffer<unknown>(transport, { capacity: 5 });
  const told = await watch({ transport, ...plan }).report;
  expect(told).toMatchObject({ exitCode: 0, produced: 9, consumed: 9, problems: [] });
  await buffer.destroy();
});

test("puts that never arrive fail their producer, and are not made for ever", async () => {
  const plan = nineItems({
    offer: () => async () => {
      throw unknown();
    },
  });
  const told = await watch(plan).report;
  expect(told).toMatchObject({ exitCode: 5, produced: 0, consumed: 0, drained: true });
  expect(told.workers[0]).toMatchObject({ outcome: "failed", error: { code: "OUTCOME_UNKNOWN" } });
});

test.each([
  ["an item that vanished", { consumed: -1 }, "9 produced are not 8 consumed"],
  ["an item from nowhere", { produced: 1 }, "10 produced are not 9 consumed"],
  [
    "one put more than was made",
    { produced: 1, consumed: 1 },
    "the buffer counted 10 produced, the workers 9",
  ],
  [
    "one item less than was put",
    { produced: -1, consumed: -1 },
    "the workers produced 9, the buffer counted 8",
  ],
  ["a peak above the capacity", { peak: 1 }, "the peak was 6 in a buffer of at most 5"],
])("%s breaks the ledger: exit code 3", async (_what, lie, says) => {
  const { report } = watch({
    ...nineItems({
      counts: (counts) => {
        if (counts.consumed < 9) return counts;
        const lied = Object.entries(lie).map(([name, by]) => [name, counts[name as "peak"] + by]);
        return { ...counts, peak: 5, ...Object.fromEntries(lied), ...("peak" in lie ? { peak: 6 } : {}) };
      },
    }),
  });
  const told = await report;
  expect(told.exitCode).toBe(3);
  expect(told.problems.join("\n")).toContain(says);
  expect(reportText(told)).toContain(`problem: ${told.problems[0]}`);
  expect(told.lost).toBe(
    "consumed" in lie && !("produced" in lie) ? 1 : "produced" in lie && !("consumed" in lie) ? 1 : 0,
  );
  // What does not add up is kept for whoever looks into it.
  expect(told.kept).toBeDefined();
});

test("a medium that is out of reach in the end: exit code 6 where nothing was in it", async () => {
  const { report } = watch({
    ...nineItems({
      counts: (counts) => {
        if (counts.consumed === 9) throw unavailable();
        return counts;
      },
    }),
  });
  const told = await report;
  expect(told).toMatchObject({ exitCode: 6, produced: 9, consumed: 9, lost: 0, drained: false });
  expect(told.problems).toEqual([expect.stringContaining("the broker is gone")]);
});

test("a buffer that outlives its authority is kept, also where that is out of reach in the end", async () => {
  const { report } = watch(
    nineItems({
      survives: ["participant", "authority"],
      counts: (counts) => {
        if (counts.produced === 9) throw unavailable();
        return counts;
      },
    }),
  );
  const told = await report;
  expect(told).toMatchObject({ exitCode: 6, produced: 9, lost: 0 });
  expect(told.kept).toBeDefined();
});

test("items that were in a medium which is gone are lost: exit code 3", async () => {
  const plan = nineItems({
    counts: (counts) => {
      if (counts.produced === 9) throw unavailable();
      return counts;
    },
  });
  const { run, events, until, report } = watch({
    ...plan,
    create: { capacity: 9 },
    consumers: { module: worker("collect"), args: { everyMs: 60_000 } },
  });
  await until((event) => event.kind === "taken");
  await until((event) => event.kind === "stopping" || (event.kind === "produced" && event.total === 5));
  run.stop();
  run.stop();
  const told = await report;
  expect(told.exitCode).toBe(3);
  expect(told.lost).toBe(told.produced - told.consumed);
  expect(lastLine(told)).toMatch(/, \d lost$/);
  // There is nothing to open any more.
  expect(told).not.toHaveProperty("kept");
  expect(events.map(({ kind }) => kind)).not.toContain("kept");
});

test("a buffer that somebody has destroyed meanwhile is not kept", async () => {
  const plan = nineItems({ survives: ["participant", "authority"] });
  const { until, report } = watch({
    ...plan,
    consumers: { module: worker("collect"), args: { everyMs: 60_000 } },
  });
  await until(({ kind }) => kind === "taken");
  await (await openBuffer(plan.transport)).destroy();
  const told = await report;
  expect(told).toMatchObject({ exitCode: 6, lost: 0, drained: false });
  expect(told).not.toHaveProperty("kept");
});

test("so are those that were in it before the run began", async () => {
  let asked = 0;
  const transport = wrappedTransport({
    counts: (counts) => {
      if (++asked > 1) throw unavailable();
      return counts;
    },
  });
  const buffer = await createBuffer<number>(transport, { capacity: 5 });
  await (await buffer.producer()).putMany([1, 2, 3]);
  const { report } = watch({
    transport,
    consumers: { module: worker("collect"), args: { everyMs: 60_000 } },
  });
  expect(await report).toMatchObject({ exitCode: 3, produced: 0, consumed: 0, lost: 3 });
  await buffer.destroy();
});

test("a lock that is held by a stopped process for a while does not break the run", async () => {
  let tries = 0;
  const { report } = watch(
    nineItems({
      seal: (seal) => async (options) => {
        if (++tries < 4) throw new BufferError("BUFFER_BUSY", "held by process 1, which is stopped");
        return seal(options);
      },
    }),
  );
  expect(await report).toMatchObject({ exitCode: 0, sealed: true });
});

test("a buffer that cannot be sealed: the consumers are not left waiting", async () => {
  const { report } = watch(
    nineItems({
      seal: () => async () => {
        throw new BufferError("STORAGE_FAILED", "the disk is gone");
      },
    }),
  );
  const told = await report;
  expect(told).toMatchObject({ exitCode: 4, sealed: false, endedBy: "the buffer could not be sealed" });
  expect(told.problems).toEqual([expect.stringContaining("the disk is gone")]);
  expect(told.kept).toBeDefined();
});

test("a buffer that goes away while it is drained: nobody is left behind all the same", async () => {
  const { run, events, until, report } = watch({
    transport: wrappedTransport({
      drained: async () => {
        throw unavailable();
      },
    }),
    create: { capacity: 5 },
    producers: {
      module: inline(
        "export default function* () { yield 1; } export const close = () => new Promise(() => {});",
      ),
    },
  });
  await until(({ kind }) => kind === "produced");
  run.stop();
  const told = await report;
  expect(told).toMatchObject({ exitCode: 4, endedBy: "stopped by its caller" });
  expect(told.problems).toEqual([expect.stringContaining("the broker is gone")]);
  expect(events.map(({ kind }) => kind)).toContain("exited");
});

test("a buffer that cannot be destroyed is reported as kept", async () => {
  const { report } = watch(
    nineItems({
      destroy: async () => {
        throw new BufferError("PERMISSION_DENIED", "not yours to remove");
      },
    }),
  );
  const told = await report;
  expect(told).toMatchObject({ produced: 9, consumed: 9, drained: true });
  expect(told.problems).toEqual([expect.stringContaining("not yours to remove")]);
  expect(told.kept).toBeDefined();
});
