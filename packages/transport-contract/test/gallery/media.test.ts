// The rules about files and about what is outlived: each fails a transport that is careless in the way it names, with a message
// that says so, and passes one that is not.
import { join } from "node:path";
import type { BufferTransport } from "@sluice/core";
import { expect, test } from "vitest";
// The compiled kit, whose child processes are compiled too.
import { filesInDirectories, type Harness, runContract, type Verdict } from "../../dist/index.js";
import { brokenMedia } from "./broken-media.js";

const careless = new URL("./careless-file-transport.mjs", import.meta.url);
const { carelessFileTransport } = (await import(careless.href)) as {
  carelessFileTransport(options: { path: string; fault: string; claims?: string[] }): BufferTransport;
};

const LOSSY = brokenMedia.filter(({ rule }) => rule === "DISK-8").map(({ fault }) => fault);

function harness(fault: string, restart?: Harness["restart"]): Harness {
  const claims = restart === undefined ? [] : ["authority"];
  if (fault === "careful" || LOSSY.includes(fault)) claims.push("power-loss");
  const make = (path: string) => carelessFileTransport({ path, fault, claims });
  return {
    ...filesInDirectories((directory) => make(join(directory, "buffer"))),
    capabilities: make("/nowhere").capabilities,
    wishes: { durability: "none" },
    ...(restart === undefined ? {} : { restart }),
  };
}

const RUNS_MAX = 20;

async function verdictOf(rule: string, of: Harness, effort = 1, seed?: number): Promise<Verdict> {
  const timing = { signalMs: 10_000, noSignalMs: 60, leaseMs: 120 };
  const [verdict] = await runContract(of, {
    only: [rule],
    timing,
    effort,
    ...(seed === undefined ? {} : { seed }),
  });
  if (verdict === undefined) throw new Error(`There is no verdict on ${rule}`);
  return verdict;
}

test.for(brokenMedia)(
  "$rule fails a transport with $fault",
  { timeout: 240_000 },
  async ({ rule, fault, message, restart, effort, seed }, context) => {
    let verdict = await verdictOf(rule, harness(fault, restart), effort, seed);
    // Where a process is killed or a call fails is drawn: a run may miss the place, several do not.
    for (let n = 1; n < RUNS_MAX && verdict.outcome === "passed"; n++)
      verdict = await verdictOf(rule, harness(fault, restart), effort);
    if (verdict.outcome === "skipped") return context.skip(verdict.reason);
    expect(verdict).toMatchObject({ rule, outcome: "failed" });
    expect(String(verdict.error)).toMatch(message);
  },
);

test("DISK-8 passes one that syncs what it should before it should", {
  timeout: 120_000,
}, async (context) => {
  const verdict = await verdictOf("DISK-8", harness("careful"));
  if (verdict.outcome === "skipped") return context.skip(verdict.reason);
  expect(verdict).toMatchObject({ rule: "DISK-8", outcome: "passed" });
});

test("no kill shows that a transport syncs after its answer", { timeout: 120_000 }, async (context) => {
  const verdict = await verdictOf("DISK-1", harness("syncs-after-its-answer"));
  if (verdict.outcome === "skipped") return context.skip(verdict.reason);
  expect(verdict).toMatchObject({ rule: "DISK-1", outcome: "passed" });
});

test.for(["DURABLE-3", "DURABLE-4"])(
  "%s passes one whose authority comes back as it was",
  { timeout: 120_000 },
  async (rule) => {
    const verdict = await verdictOf(
      rule,
      harness("none", async () => {}),
    );
    expect(verdict).toMatchObject({ rule, outcome: "passed" });
  },
);

test("a claim of an authority that the harness cannot restart is skipped, and said", async () => {
  const { restart: _, ...others } = harness("none", async () => {});
  expect(await verdictOf("DURABLE-3", others)).toMatchObject({
    outcome: "skipped",
    reason: "its harness cannot restart its authority",
  });
});
