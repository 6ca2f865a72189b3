// What a commit and a buffer cost, in bytes and files, not in time: a commit costs what it changes, and what lies on the
// disk stays bounded.

import { fork, spawnSync } from "node:child_process";
import { once as event } from "node:events";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { LOCK_NAMES } from "../dist/index.js";
import { inject } from "./support/fs-faults.js";
import { segmentsOf } from "./support/log.js";
import { created, Folder, noWait, now, opened, toValue, Worker } from "./support/ports.js";

/** Regular files and their bytes on the disk, each counted once however many names it has. */
function used(path: string): { files: number; bytes: number; names: number } {
  const seen = new Map<number, number>();
  const names = readdirSync(path, { recursive: true, encoding: "utf8" });
  for (const name of names) {
    const stat = statSync(join(path, name), { throwIfNoEntry: false });
    if (stat?.isFile()) seen.set(stat.ino, stat.blocks * 512);
  }
  return { files: seen.size, bytes: [...seen.values()].reduce((a, b) => a + b, 0), names: names.length };
}

/** System calls that write, and bytes written, while it acts. */
function written(act: () => void): { writes: number; bytes: number; links: number } {
  let [writes, bytes, links] = [0, 0, 0];
  using _writes = inject("writeSync", (_fd, data) => {
    writes += 1;
    bytes += (data as Uint8Array).byteLength;
    return undefined;
  });
  using _links = inject("linkSync", () => {
    links += 1;
    return undefined;
  });
  act();
  return { writes, bytes, links };
}

describe.each(LOCK_NAMES)("%s: a commit costs what it changes", (lock) => {
  // The numbers in a head may have a digit more in a fuller buffer; each of them a few.
  const DIGITS = 24;

  test.each(["put", "take", "lease", "ack"] as const)(
    "%s: the same with 10 and with 1,000 items held",
    async (what) => {
      const costs: { writes: number; bytes: number; links: number }[] = [];
      for (const held of [10, 1000]) {
        using folder = new Folder();
        const worker = await Worker.on(await created(folder, { capacity: 2000 }, "none", lock));
        worker.put(...Array.from({ length: held }, (_, i) => i));
        const { deliveries } = now(worker.consumer.poll(1, noWait, { leaseMs: 60_000 }));
        const token = deliveries[0]?.token ?? "";
        costs.push(
          written(() => {
            if (what === "put") worker.put(7);
            else if (what === "take") worker.take();
            else if (what === "lease") now(worker.consumer.poll(1, noWait, { leaseMs: 60_000 }));
            else now(worker.consumer.settle([{ kind: "ack", token }]));
          }),
        );
      }
      const [few, many] = costs as [(typeof costs)[0], (typeof costs)[0]];
      const links = lock === "flock" ? 0 : 1;
      expect({ writes: few.writes, links: few.links }).toEqual({ writes: 1, links });
      expect({ writes: many.writes, links: many.links }).toEqual({ writes: 1, links });
      expect(Math.abs(many.bytes - few.bytes)).toBeLessThanOrEqual(DIGITS);
    },
  );

  test("cuts included, over a thousand commits: about the same with 10 and with 1,000 items held", async () => {
    const bytes: number[] = [];
    for (const held of [10, 1000]) {
      using folder = new Folder();
      const worker = await Worker.on(await created(folder, { capacity: 2000 }, "none", lock));
      worker.put(...Array.from({ length: held }, (_, i) => i));
      // At least as many as it takes for some cuts.
      const commits = lock === "flock" ? 30_000 : 4000;
      const cost = written(() => {
        for (let i = 0; i < commits / 2; i++) {
          worker.put(7);
          worker.take();
        }
      });
      bytes.push(cost.bytes / commits);
    }
    // A whole state written each time would be more than a hundred times as much.
    expect(bytes[1] as number).toBeLessThan(2 * (bytes[0] as number));
  });
});

test("under flock a commit is four system calls, none of them by a path", async (context) => {
  if (spawnSync("strace", ["-o", "/dev/null", "true"]).status !== 0)
    return context.skip("strace cannot trace here");
  const calls = async (commits: number): Promise<Record<string, number>> => {
    using folder = new Folder();
    const buffer = await created(folder, { capacity: 8 }, "none", "flock");
    const trace = join(folder.path, "trace");
    const script = fileURLToPath(new URL("./support/scripted.mjs", import.meta.url));
    const job = [script, JSON.stringify(buffer.address), "/dev/null", String(commits), "60"];
    const traced =
      "trace=flock,pread64,pwrite64,link,linkat,rename,fsync,inotify_add_watch,openat,newfstatat,stat,statx";
    spawnSync("strace", ["-e", traced, "-o", trace, process.execPath, ...job]);
    const count: Record<string, number> = {};
    for (const line of readFileSync(trace, "utf8").split("\n")) {
      const name = /^\w+/.exec(line)?.[0] ?? "";
      count[name] = (count[name] ?? 0) + 1;
    }
    await buffer.destroy();
    return count;
  };
  const [few, many] = [await calls(100), await calls(500)];
  const each = (name: string) => ((many[name] ?? 0) - (few[name] ?? 0)) / 400;
  // Taken and given back, read on, written; and an item that is taken by who put it is read.
  expect(each("flock")).toBe(2);
  expect(each("pread64")).toBeCloseTo(1.5, 1);
  expect(each("pwrite64")).toBeCloseTo(1, 1);
  for (const name of ["link", "linkat", "rename", "fsync", "openat", "newfstatat", "stat", "statx"])
    expect({ [name]: Math.abs(each(name)) }).toEqual({ [name]: expect.closeTo(0, 1) });
});

describe("what lies on the disk", () => {
  test("is bounded over 20,000 commits, and gone with the handles and the buffer", async () => {
    using folder = new Folder();
    const handles = [await created(folder), await opened(folder)];
    const [first, second] = await Promise.all(handles.map((handle) => Worker.on(handle)));
    let [files, bytes] = [0, 0];
    for (let i = 1; i <= 10_000; i++) {
      first?.put(i);
      expect(second?.take()).toEqual([i]);
      if (i % 1000 !== 0) continue;
      const now = used(folder.path);
      files = Math.max(files, now.files);
      bytes = Math.max(bytes, now.bytes);
    }
    // Two segments and what the handles keep of them, for both.
    expect(files).toBeLessThan(6000);
    expect(bytes).toBeLessThan(32 * 1024 * 1024);
    expect(segmentsOf(folder).length).toBeLessThanOrEqual(2);
    for (const handle of handles) await handle.close();
    expect(readdirSync(join(folder.root, "own")), "what closed handles keep").toEqual([]);
    expect(readdirSync(join(folder.root, "waiting"))).toEqual([]);
    const last = await opened(folder);
    expect(now(last.counts())).toMatchObject({ ready: 0, produced: 10_000, consumed: 10_000 });
    await last.destroy();
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test("is bounded while an item stays for ever: a dead letter, put by one who goes on", async () => {
    using folder = new Folder();
    const worker = await Worker.on(await created(folder));
    const other = await Worker.on(await opened(folder));
    for (let i = 0; i < 3; i++) {
      worker.put(-1);
      const { deliveries } = now(other.consumer.poll(1, noWait, { leaseMs: 60_000 }));
      const token = deliveries[0]?.token ?? "";
      now(other.consumer.settle([{ kind: "bury", token, reason: "stays" }]));
    }
    const own = () => readdirSync(join(folder.root, "own")).length;
    const seen: number[] = [];
    for (let i = 1; i <= 8000; i++) {
      worker.put(i);
      expect(other.take()).toEqual([i]);
      if (i % 2000 === 0) seen.push(own());
    }
    // Those of two segments, and some more; each commit would have left one.
    expect(Math.max(...seen)).toBeLessThan(2000);
    expect((await worker.buffer.deadLetters.list(5)).map(({ item }) => toValue(item))).toEqual([-1, -1, -1]);
  });

  test("does not grow with items that were large and are gone", async () => {
    using folder = new Folder();
    const buffer = await created(folder, { capacity: 4 });
    const [producer, consumer] = [await buffer.producer(), await buffer.consumer()];
    let most = 0;
    for (let i = 1; i <= 600; i++) {
      now(producer.offer(i, [Buffer.alloc(60_000, i)], noWait));
      now(consumer.poll(1, noWait));
      if (i % 50 === 0) most = Math.max(most, used(folder.path).bytes);
    }
    // 36 MB went through. A segment is cut at 8 MiB of items, and the one before it is kept.
    expect(most).toBeLessThan(24 * 1024 * 1024);
    await buffer.destroy();
  });

  test("of thirty killed participants is swept by whoever opens the buffer", async () => {
    using folder = new Folder();
    const buffer = await created(folder, { capacity: 100, failuresMax: 1000 });
    const worker = await Worker.on(buffer);
    worker.put(1);
    for (let i = 0; i < 5; i++) {
      const children = Array.from({ length: 6 }, () =>
        fork(new URL("./support/victim.mjs", import.meta.url)),
      );
      for (const child of children) child.send(buffer.address);
      await Promise.all(children.map((child) => event(child, "message")));
      for (const child of children) child.kill("SIGKILL");
      await Promise.all(children.map((child) => event(child, "exit")));
    }
    // Each has swept what those before it left; the last ones are still to be swept.
    expect(readdirSync(join(folder.root, "own")).length).toBeGreaterThan(0);
    expect(readdirSync(join(folder.root, "waiting")).length).toBeGreaterThan(0);
    const late = await opened(folder);
    await late.consumer();
    const mine = /^[0-9a-f]{16}/;
    const handles = readdirSync(join(folder.root, "own")).map((name) => mine.exec(name)?.[0]);
    expect(new Set(handles).size, "of this process's two handles").toBeLessThanOrEqual(2);
    expect(readdirSync(join(folder.root, "waiting"))).toEqual([]);
    const { ready, leased, produced, consumed } = worker.counts();
    expect({ leased, ready }).toEqual({ leased: 0, ready: produced - consumed });
    const { deliveries } = now(worker.consumer.poll(100, noWait, { leaseMs: 60_000 }));
    const failures = deliveries.reduce((sum, one) => sum + one.failures, 0);
    expect(failures, "leases whose holder was killed").toBeGreaterThanOrEqual(1);
    await buffer.destroy();
  });
});
