// The driver that kills, over transports that would have let it pass, or made it hang.
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import type { BufferTransport } from "@sluice/core";
import { expect, test, vi } from "vitest";
// The compiled kit, whose child processes are compiled too.
import { runChaos } from "../dist/chaos/run-chaos.js";
import { inDirectories, type KeptHistory, runContract } from "../dist/index.js";

import { brokenFileHarness } from "./gallery/broken-processes.js";

const crashing = new URL("./crashing-transport.mjs", import.meta.url);
const { crashingTransport } = (await import(crashing.href)) as {
  crashingTransport(options: { path: string }): BufferTransport;
};
const file = new URL("../../transport-file/dist/index.js", import.meta.url);
const { fileTransport } = (await import(file.href)) as {
  fileTransport(options: { path: string }): BufferTransport;
};

test("a failpoint that nobody comes upon is no pass", { timeout: 480_000 }, async () => {
  const harness = {
    ...inDirectories((directory) => fileTransport({ path: join(directory, "buffer") })),
    capabilities: fileTransport({ path: "." }).capabilities,
    wishes: { durability: "none" as const },
    failpoints: ["no.such-point"],
  };
  // Of leases there are many, one after the other, until nobody is waited for any more.
  const timing = { signalMs: 10_000, noSignalMs: 60, leaseMs: 40 };
  const [verdict] = await runContract(harness, { only: ["PROC-21"], effort: 0.25, timing });
  expect(String(verdict?.error)).toMatch(
    /at the failpoint no\.such-point, in \d+ runs there was no SIGKILL at .*, and no SIGSTOP at/,
  );
});

test("a worker that ends by itself is a broken promise, and the history is handed over", async () => {
  const places = inDirectories((directory) => crashingTransport({ path: join(directory, "buffer") }));
  const transport = await places.createTransport();
  const histories: KeptHistory[] = [];
  try {
    const report = await runChaos(transport, {
      ...{ mode: "take", capacity: 5, producers: 1, consumers: 1, kills: 0, stops: 3, endMs: 5_000, seed: 1 },
      wishes: { durability: "none" },
      onHistory: (history) => void histories.push(history),
    });
    expect(report.safety.join("\n")).toMatch(
      /^consumer-1\.\d failed: The child process \d+ ended with code 3/m,
    );
  } finally {
    await places.cleanup(transport);
  }
  expect(histories[0]?.operations.length).toBeGreaterThan(0);
});

test("SLUICE_TIMEOUT_SCALE reaches the times of a run", async () => {
  vi.stubEnv("SLUICE_TIMEOUT_SCALE", "0.05");
  // Where consumers that wait hear of nothing.
  const harness = brokenFileHarness("deaf");
  const transport = await harness.createTransport();
  try {
    const report = await runChaos(transport, {
      ...{ mode: "take", capacity: 5, producers: 1, consumers: 2, kills: 0, seed: 1 },
      wishes: { durability: "none" },
    });
    expect(report.liveness.join()).toContain("within 3000 ms of the last fault");
  } finally {
    vi.unstubAllEnvs();
    await harness.cleanup?.(transport);
  }
});

test("a run that cannot be begun ends, and hands over what there is", async () => {
  const places = inDirectories((directory) => crashingTransport({ path: join(directory, "buffer") }));
  const transport = await places.createTransport();
  const handed: KeptHistory[] = [];
  // What the workers are to open it with is not there.
  const open = async () => {
    const port = await transport.open();
    const address = { ...port.address, module: "file:///not/there.js" };
    return Object.defineProperty(port, "address", { value: address });
  };
  try {
    const run = runChaos(
      { ...transport, open },
      {
        ...{ mode: "take", capacity: 5, producers: 1, consumers: 0, kills: 0, seed: 1 },
        onHistory: (history) => void handed.push(history),
      },
    );
    await expect(run).rejects.toThrow(/producer-1\.1 could not be started: .*not\/there/);
  } finally {
    await places.cleanup(transport);
  }
  expect(handed).toHaveLength(1);
});

test("a run that is given up in the middle of its end leaves no rejection that nobody hears", async () => {
  const places = inDirectories((directory) => fileTransport({ path: join(directory, "buffer") }));
  const transport = await places.createTransport();
  const open = async () => {
    const port = await transport.open();
    return Object.defineProperty(port, "seal", { value: () => new Promise(() => {}) });
  };
  const strays: unknown[] = [];
  const onStray = (reason: unknown) => strays.push(reason);
  process.on("unhandledRejection", onStray);
  try {
    const report = await runChaos(
      { ...transport, open },
      {
        ...{ mode: "take", capacity: 5, producers: 0, consumers: 0, kills: 0, seed: 1, endMs: 300 },
        wishes: { durability: "none" },
      },
    );
    expect(report.liveness.join()).toContain("within 300 ms of the last fault");
    await turn();
    expect(strays).toEqual([]);
  } finally {
    process.off("unhandledRejection", onStray);
    await places.cleanup(transport);
  }
});

test.each([
  { stops: 0, leaseMs: 1000, search: "linearizable" },
  // Whoever is stopped for as long as that may count as dead over a wire, and ask again.
  { stops: 1, leaseMs: 1001, search: "not made" },
  // At its failpoint too.
  { stops: 0, failpoints: ["file.before-commit"], leaseMs: 1001, search: "not made" },
])(
  "plain takes over a wire with $stops stops, failpoints $failpoints and leases of $leaseMs ms: the search is $search",
  async ({ search, ...faults }) => {
    const places = inDirectories((directory) => fileTransport({ path: join(directory, "buffer") }));
    const transport = await places.createTransport();
    const open = async () => {
      const port = await transport.open();
      const capabilities = { ...port.capabilities, putOutcome: "may-be-unknown" };
      return Object.defineProperty(port, "capabilities", { value: capabilities });
    };
    try {
      const report = await runChaos(
        { ...transport, open },
        {
          ...{ mode: "take", capacity: 5, producers: 1, consumers: 1, kills: 1, seed: 1, ...faults },
          wishes: { durability: "none" },
        },
      );
      expect(report).toMatchObject({ search, safety: [], liveness: [] });
    } finally {
      await places.cleanup(transport);
    }
  },
);
