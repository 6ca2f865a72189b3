// One operation stands still at a named instant while others go on in the same process, then it finishes. Every answer is
// compared with a plain array: nothing lost, double or out of order, and never more than the capacity.

import "./support/failpoints.js";
import { constants, existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { BufferPort, LeaseToken } from "@sluice/core";
import { describe, expect, test, vi } from "vitest";
import { cutLog } from "../dist/cut.js";
import { ArrayModel, Checked, work } from "./support/array-model.js";
import { neverPassed, once } from "./support/failpoints.js";
import { errno, inject } from "./support/fs-faults.js";
import { cut, destroyAtOnce, logOf, segmentsOf } from "./support/log.js";
import { created, Folder, noWait, now, opened, toValue, Worker } from "./support/ports.js";

const CAPACITY = 5;

// 3,000 commits are several cuts: the segment that the paused one stands in is removed under its feet.
const COMMITS_OF_OTHERS = [1, 100, 3000];

async function crew(folder: Folder) {
  const model = new ArrayModel(CAPACITY);
  const paused = new Checked(await Worker.on(await created(folder, { capacity: CAPACITY })), model);
  const others: Checked[] = [];
  for (let i = 0; i < 2; i++) others.push(new Checked(await Worker.on(await opened(folder)), model));
  return { model, paused, others };
}

type Crew = Awaited<ReturnType<typeof crew>>;

interface Operation {
  readonly name: string;
  /** Before it begins: what it needs. Returns what it does, what it then is in the model, and what both answered. */
  prepare(crew: Crew): { act: () => unknown; inModel: () => unknown };
}

const operations: Operation[] = [
  {
    name: "put",
    prepare: ({ model, paused }) => {
      const values = model.fresh(3);
      return { act: () => paused.worker.put(...values), inModel: () => model.put(values) };
    },
  },
  {
    name: "take",
    prepare: ({ model, paused, others }) => {
      others[0]?.put(3);
      return { act: () => paused.worker.take(2), inModel: () => model.take(2) };
    },
  },
  {
    name: "lease",
    prepare: ({ model, paused, others }) => {
      others[0]?.put(3);
      const lease = () => now(paused.worker.consumer.poll(2, noWait, { leaseMs: 600_000 }));
      return {
        act: () => lease().deliveries.map(({ item }) => toValue(item)),
        inModel: () => model.lease(2),
      };
    },
  },
  {
    name: "ack",
    prepare: ({ model, paused }) => {
      paused.put(2);
      const [token] = paused.lease(1) as [LeaseToken];
      const ack = () => now(paused.worker.consumer.settle([{ kind: "ack", token }]));
      return {
        act: ack,
        inModel: () => {
          model.ack(1);
          return ["settled"];
        },
      };
    },
  },
];

describe.each(COMMITS_OF_OTHERS)("others make %i commits", (commits) => {
  describe.each(operations)("while a $name", ({ prepare }) => {
    // The long runs only where the commit is ready to be linked: before it is written, the path is the same.
    const points = commits < 1000 ? ["file.before-write", "file.before-commit"] : ["file.before-commit"];
    test.each(points)("stands at %s: it comes after them", async (point) => {
      using folder = new Folder();
      const all = await crew(folder);
      const { act, inModel } = prepare(all);
      once(point, () => work(all.others, commits));
      const answer = act();
      expect(answer).toEqual(inModel());
      expect(neverPassed()).toEqual([]);
      work([all.paused, ...all.others], 20);
      all.model.expectSame(all.others[0]?.worker as Worker);
    });

    test("stands at file.after-commit: it came before them", async () => {
      using folder = new Folder();
      const all = await crew(folder);
      const { act, inModel } = prepare(all);
      let expected: unknown;
      once("file.after-commit", () => {
        expected = inModel();
        work(all.others, commits);
      });
      const answer = act();
      expect(answer).toEqual(expected);
      expect(neverPassed()).toEqual([]);
      work([all.paused, ...all.others], 20);
      all.model.expectSame(all.others[0]?.worker as Worker);
    });
  });

  test.each(["file.before-cut", "file.after-cut"])("while a cut of the log stands at %s", async (point) => {
    using folder = new Folder();
    const { model, paused, others } = await crew(folder);
    paused.put(2);
    let passed = 0;
    once(point, () => {
      passed += 1;
      work(others, commits);
    });
    for (let i = 0; i < 5000 && passed === 0; i++) work([paused], 7);
    expect(passed).toBe(1);
    work([paused, ...others], 40);
    model.expectSame(paused.worker);
  });

  test("while a seal stands before its commit: it comes after them, and ends all puts", async () => {
    using folder = new Folder();
    const { model, paused, others } = await crew(folder);
    others[0]?.put(2);
    once("file.before-commit", () => work(others, commits));
    const isSealed = paused.worker.buffer.seal({ discard: false });
    expect(neverPassed()).toEqual([]);
    model.sealed = true;
    expect(await isSealed).toBe(true);
    for (const other of others) other.put(1);
    model.expectSame(others[1]?.worker as Worker);
    expect(now(paused.worker.consumer.poll(1, noWait)).state).toBe("drained");
  });
});

test("two cut the log at once, and a third while they do", async () => {
  using folder = new Folder();
  const { model, paused, others } = await crew(folder);
  const [second, third] = others as [Checked, Checked];
  paused.put(3);
  let depth = 0;
  // The first stands before its cut until the second stands before its own, until the third has cut.
  once("file.before-cut", () => {
    depth = 1;
    once("file.before-cut", () => {
      depth = 2;
      once("file.after-cut", () => {
        depth = 3;
      });
      for (let i = 0; i < 5000 && depth < 3; i++) work([third], 7);
    });
    for (let i = 0; i < 5000 && depth < 2; i++) work([second], 7);
  });
  for (let i = 0; i < 5000 && depth < 1; i++) work([paused], 7);
  expect(depth, "all three came to their cut").toBe(3);
  work([paused, second, third], 60);
  model.expectSame(second.worker);
  const segments = readdirSync(folder.root).filter((name) => name.startsWith("log."));
  expect(segments.length, "no segment is left of the cuts that came too late").toBeLessThanOrEqual(2);
});

describe("destroyed and made anew at the same place", () => {
  test.each(["file.before-write", "file.before-commit", "file.after-commit"])(
    "while a put stands at %s: it is refused, and the new buffer is not touched",
    async (point) => {
      using folder = new Folder();
      const { paused, others } = await crew(folder);
      let making: Promise<BufferPort> | undefined;
      once(point, () => {
        destroyAtOnce(folder);
        expect(existsSync(folder.place)).toBe(false);
        making = created(folder, { capacity: CAPACITY });
        expect(existsSync(folder.place), "made before the put goes on").toBe(true);
      });
      const destroyed = expect.objectContaining({ code: "BUFFER_DESTROYED" });
      expect(() => paused.worker.put(999)).toThrow(destroyed);
      expect(neverPassed()).toEqual([]);
      const anew = await Worker.on((await making) as BufferPort);
      expect(anew.counts()).toMatchObject({ produced: 0, ready: 0, peak: 0 });
      for (const { worker } of [paused, ...others]) {
        expect(() => worker.put(999)).toThrow(destroyed);
        expect(() => worker.take()).toThrow(destroyed);
        expect(() => worker.counts()).toThrow(destroyed);
        await worker.buffer.close();
      }
      anew.put(1);
      expect(anew.take()).toEqual([1]);
      await anew.buffer.destroy();
      expect(readdirSync(folder.path)).toEqual([]);
    },
  );
});

describe("opened while another is about to join", () => {
  const own = (folder: Folder) => readdirSync(join(folder.root, "own"));

  test("its file is left alone, and its first commit is made at the first try", async () => {
    using folder = new Folder();
    await created(folder);
    const joining = await opened(folder);
    let between: string[] = [];
    once("file.before-commit", () => {
      void opened(folder);
      between = own(folder);
    });
    await joining.producer();
    expect(neverPassed()).toEqual([]);
    expect(between).toHaveLength(1);
    expect(own(folder), "no second file was needed").toEqual(between);
  });

  test("what has lain there for long is swept; should its handle only have slept, it starts anew", async () => {
    using folder = new Folder();
    await created(folder);
    const joining = await opened(folder);
    let between: string[] | undefined;
    once("file.before-commit", () => {
      vi.spyOn(Date, "now").mockReturnValue(Date.now() + 3_600_000);
      void opened(folder);
      between = own(folder);
      vi.restoreAllMocks();
    });
    const worker = await Worker.on(joining);
    expect(neverPassed()).toEqual([]);
    expect(between).toEqual([]);
    expect(worker.put(1, 2)).toBe(2);
    expect(worker.take(2)).toEqual([1, 2]);
  });

  test("a kept file that is swept in the instant in which it is to be written again: a new one is written", async () => {
    using folder = new Folder();
    const worker = await Worker.on(await created(folder));
    let swept = 0;
    const isOverwrite = (path: unknown, flags: unknown) =>
      String(path).includes("/own/") && ((flags as number) & constants.O_CREAT) === 0;
    using _fault = inject("openSync", (path, flags) => {
      if (swept < 3 && isOverwrite(path, flags)) {
        swept += 1;
        rmSync(String(path));
      }
      return undefined;
    });
    // Two cuts bring the first files back.
    worker.turnOver(600);
    expect(swept).toBe(3);
    expect(worker.counts()).toMatchObject({ produced: 600, consumed: 600, ready: 0 });
  });

  test("the file of a cut that is swept before it is linked: the log is cut at the next try", async () => {
    using folder = new Folder();
    const worker = await Worker.on(await created(folder));
    worker.put(1);
    const log = logOf(folder);
    const before = log.segment;
    let links = 0;
    {
      using _fault = inject("linkSync", (file, name) => {
        if (!String(name).startsWith(before.path)) return undefined;
        links += 1;
        if (links === 1) rmSync(String(file));
        return links > 10 ? errno("EIO") : undefined;
      });
      cutLog(log);
    }
    expect(links).toBe(1);
    expect(log.segment).toBe(before);
    cut(log);
    expect(segmentsOf(folder), "none is left of the one that failed").toHaveLength(2);
    worker.put(2);
    expect(worker.take(2)).toEqual([1, 2]);
  });
});
