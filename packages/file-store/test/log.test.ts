// The log below the ports, in states that need a participant to be stopped between two system calls.

import "./support/failpoints.js";
import { existsSync, linkSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { cutLog } from "../dist/cut.js";
import { recordBytes } from "../dist/record-file.js";
import { neverPassed, once } from "./support/failpoints.js";
import { errno, inject } from "./support/fs-faults.js";
import { commit, cut, forgeOtherBoot, logOf, segmentsOf } from "./support/log.js";
import { created, Folder, opened, Worker } from "./support/ports.js";

const seal = [{ op: "seal", discard: false }] as const;

describe("a commit that was prepared for a state that has passed", () => {
  test.each([0, 1, 2])("is refused, when its log has read on over %i cuts meanwhile", async (cuts) => {
    using folder = new Folder();
    await created(folder);
    const [slow, other] = [logOf(folder), logOf(folder)];
    const prepared = slow.prepare(seal);
    commit(other);
    for (let i = 0; i < cuts; i++) cut(other);
    // As the waiting calls of a handle do while another of its calls waits for the disk.
    slow.catchUp();
    expect(slow.publish(prepared), "there is no room for it any more").toBe(false);
    commit(other);
    slow.catchUp();
    expect([slow.number, slow.state.sealed]).toEqual([other.number, false]);
    commit(slow, seal);
    other.catchUp();
    expect(other.state.sealed).toBe(true);
  });
});

describe("a link that lands in a segment that was renamed away in that moment", () => {
  test("is no commit: the same is committed again where the log goes on", async () => {
    using folder = new Folder();
    await created(folder);
    const [slow, other] = [logOf(folder), logOf(folder)];
    commit(slow);
    commit(other);
    slow.catchUp();
    const passed = slow.segment.path;
    const prepared = slow.prepare(seal);
    commit(other);
    cut(other);
    cut(other);
    // The kernel has looked up the directory, and is stopped before it makes the entry there: the same as a directory
    // that has its name for this long.
    once("file.before-commit", () => mkdirSync(passed));
    once("file.after-commit", () => renameSync(passed, join(folder.root, "gone.0123456789abcdef")));
    expect(slow.publish(prepared)).toBe(false);
    expect(neverPassed()).toEqual([]);
    expect([slow.number, slow.state.sealed]).toEqual([other.number, false]);
    commit(slow, seal);
    other.catchUp();
    expect(other.state.sealed).toBe(true);
  });

  test("is one after all, if the segment was removed only afterwards", async () => {
    using folder = new Folder();
    await created(folder);
    const [slow, other] = [logOf(folder), logOf(folder)];
    const prepared = slow.prepare(seal);
    once("file.after-commit", () => {
      commit(other);
      cut(other);
      cut(other);
    });
    expect(slow.publish(prepared)).toBe(true);
    expect(neverPassed()).toEqual([]);
    expect([slow.number, slow.state.sealed]).toEqual([other.number, true]);
  });

  test("is not taken for current by others, and nobody builds on it", async () => {
    using folder = new Folder();
    await created(folder);
    const [slow, other, third] = [logOf(folder), logOf(folder), logOf(folder)];
    const passed = slow.segment.path;
    const prepared = slow.prepare(seal);
    commit(other);
    cut(other);
    cut(other);
    // Whoever made the link died at once: it is never looked at again.
    mkdirSync(passed);
    once("file.after-commit", () => {
      renameSync(passed, join(folder.root, "gone.0123456789abcdef"));
      third.catchUp();
    });
    slow.publish(prepared);
    expect(third.state.sealed).toBe(false);
    commit(third);
    other.catchUp();
    expect([other.number, other.state.sealed]).toEqual([third.number, false]);
  });
});

test("a state that is removed with its segment, and written over, while somebody reads it is no damage", async () => {
  using folder = new Folder();
  await created(folder);
  const other = logOf(folder);
  commit(other);
  const state = join(other.segment.path, "state");
  // As a file that was set aside is: it goes back to the store, and is used for something else.
  const used = join(folder.path, "used");
  linkSync(state, used);
  let isOpen = false;
  using _opens = inject("openSync", (path) => {
    isOpen ||= path === state;
    return undefined;
  });
  using _reads = inject("readSync", () => {
    if (!isOpen) return undefined;
    isOpen = false;
    cut(other);
    commit(other, seal);
    cut(other);
    writeFileSync(used, recordBytes({ kind: "cut", to: "elsewhere" }));
    return undefined;
  });
  const log = logOf(folder);
  expect(existsSync(state), "it was removed meanwhile").toBe(false);
  expect([log.number, log.state.sealed]).toEqual([other.number, true]);
});

describe("after a boot of the machine", () => {
  test("of two who cut the log at once, one does: there is one way on", async () => {
    using folder = new Folder();
    const old = await Worker.on(await created(folder));
    old.put(1, 2);
    forgeOtherBoot(folder);
    const [a, b] = [logOf(folder), logOf(folder)];
    const before = a.segment.path;
    once("file.before-cut", () => cut(b));
    cut(a);
    expect(neverPassed()).toEqual([]);
    expect(a.segment.path).toBe(b.segment.path);
    expect(existsSync(join(before, "after")), "a second way on, as behind a torn commit").toBe(false);
    expect(segmentsOf(folder)).toEqual([basename(b.segment.path), basename(before)]);
  });

  test("what was decided before somebody else cut the log and committed is decided again", async () => {
    using folder = new Folder();
    const old = await Worker.on(await created(folder));
    old.put(1, 2);
    forgeOtherBoot(folder);
    const [a, b] = [await opened(folder), await opened(folder)];
    let second: Promise<boolean> | undefined;
    once("file.before-cut", () => {
      second = b.seal({ discard: false });
    });
    const first = a.seal({ discard: false });
    expect(neverPassed()).toEqual([]);
    expect([await first, await second], "only one of them did it").toEqual([false, true]);
  });
});

describe("a disk that fails while the log is being cut", () => {
  const toLive = (_from: unknown, to: unknown) => String(to).endsWith("live");

  test.each(["ENOSPC", "EIO"])(
    "%s for the mark of the new segment: nothing is lost, and nothing left behind",
    async (code) => {
      using folder = new Folder();
      const worker = await Worker.on(await created(folder));
      worker.put(1, 2, 3);
      const log = logOf(folder);
      {
        using fault = inject("linkSync", (...args) =>
          toLive(...(args as [unknown, unknown])) ? errno(code) : undefined,
        );
        for (let i = 0; i < 3; i++) {
          attempt(() => cutLog(log));
          attempt(() => commit(log));
        }
        expect(fault.count).toBeGreaterThan(0);
        const late = await Worker.on(await opened(folder));
        expect([worker.take(), late.take()]).toEqual([[1], [2]]);
      }
      cut(log);
      cut(log);
      expect((await Worker.on(await opened(folder))).take()).toEqual([3]);
      expect(segmentsOf(folder).length).toBeLessThanOrEqual(2);
    },
  );

  test("EIO for a sync, at any of them: nothing is lost", async () => {
    for (let nth = 1; ; nth++) {
      using folder = new Folder();
      const worker = await Worker.on(await created(folder));
      worker.put(1, 2, 3);
      const log = logOf(folder, {}, true);
      let syncs = 0;
      {
        using fault = inject("fsyncSync", () => (++syncs === nth ? errno("EIO") : undefined));
        attempt(() => cutLog(log));
        if (fault.count === 0) break;
      }
      const late = await Worker.on(await opened(folder));
      expect([worker.take(), late.take(), worker.take(2)], `the sync number ${nth} failed`).toEqual([
        [1],
        [2],
        [3],
      ]);
      late.put(4);
      expect(worker.take()).toEqual([4]);
      expect(nth, "a cut has that many syncs").toBeLessThan(20);
    }
  });

  test("EIO for the link of the cut that was made all the same: the log goes on there", async () => {
    using folder = new Folder();
    const worker = await Worker.on(await created(folder));
    worker.put(1, 2, 3);
    const log = logOf(folder);
    const before = log.segment.path;
    let links = 0;
    {
      const isCut = (to: unknown) => dirname(String(to)) === before;
      using fault = inject("linkSync", (_, to) =>
        isCut(to) && ++links === 1 ? { after: errno("EIO") } : undefined,
      );
      attempt(() => cutLog(log));
      expect(fault.count).toBe(1);
    }
    log.catchUp();
    expect(log.segment.path).not.toBe(before);
    expect((await Worker.on(await opened(folder))).take(3)).toEqual([1, 2, 3]);
    worker.put(4);
    expect(worker.take()).toEqual([4]);
  });
});

function attempt(act: () => void): void {
  try {
    act();
  } catch (error) {
    // What is thrown is the caller's; what counts is what is on the disk afterwards.
    expect(error).toBeInstanceOf(Error);
  }
}
