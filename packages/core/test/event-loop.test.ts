// What an open handle means for the process's end: by itself it keeps nothing alive.
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

const memory = new URL("../../transport-memory/dist/index.js", import.meta.url).href;

/** Much longer than any of them takes, and much less than the deadlines of calls. */
const ENDED_BY_FORCE_MS = 100_000;

/** Runs a program with an open producer and consumer, and returns what it printed at its end. */
function run(program: string): string {
  const source = `
    import { createBuffer, keepLease } from "@sluice/core";
    import { memoryTransport } from ${JSON.stringify(memory)};
    const buffer = await createBuffer(memoryTransport(), { capacity: 1 });
    const producer = await buffer.producer();
    const consumer = await buffer.consumer();
    process.on("exit", (code) => console.log("exit", code, globalThis.told ?? ""));
    ${program}`;
  const arguments_ = ["--input-type=module", "--eval", source];
  const child = spawnSync(process.execPath, arguments_, {
    cwd: import.meta.dirname,
    encoding: "utf8",
    timeout: ENDED_BY_FORCE_MS,
  });
  return `${child.stdout}${child.stderr}`.trim();
}

test("idle handles, open leases and kept ones end with the process", () => {
  expect(
    run(`
    await producer.put("a");
    const { value: lease } = await consumer.lease();
    lease.signal.addEventListener("abort", () => {});
    keepLease(lease);
  `),
  ).toBe("exit 0");
});

test("a call with a deadline keeps the process until then", () => {
  expect(run(`consumer.take({ timeoutMs: 50 }).catch((error) => { globalThis.told = error.code; });`)).toBe(
    "exit 0 WAIT_TIMED_OUT",
  );
});

test.each([
  ["put", `producer.put("b", options)`],
  ["take", `other.take(options)`],
  ["drained", `buffer.drained(options)`],
])("a %s with a signal keeps the process until that is aborted, though its timer would not", (_, call) => {
  expect(
    run(`
    await producer.put("a");
    const other = await (await createBuffer(memoryTransport(), { capacity: 1 })).consumer();
    const options = { signal: AbortSignal.timeout(50) };
    ${call}.catch((error) => { globalThis.told = error.name; });
  `),
  ).toBe("exit 0 TimeoutError");
});

test("a call that nothing can wake keeps no process", () => {
  expect(run(`consumer.take().finally(() => { globalThis.told = "woken"; });`)).toBe("exit 0");
});

test("a call that is done leaves no timer that would", () => {
  // With a timer left it would be ended by force.
  expect(
    run(`
    const { signal } = new AbortController();
    const take = consumer.take({ timeoutMs: 600_000, signal });
    await producer.put("a", { timeoutMs: 600_000, signal });
    globalThis.told = (await take).value;
  `),
  ).toBe("exit 0 a");
});
