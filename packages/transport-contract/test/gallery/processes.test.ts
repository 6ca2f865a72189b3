// The rules with real processes: a transport whose processes overwrite each other is failed by them, and one that takes turns
// is not.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { BufferTransport } from "@sluice/core";
import { afterAll, expect, test } from "vitest";
// The compiled kit, whose child processes are compiled too.
import { type Harness, runContract } from "../../dist/index.js";

const racy = new URL("./racy-file-transport.mjs", import.meta.url);
const { racyFileTransport } = (await import(racy.href)) as {
  racyFileTransport(options: { path: string; locked: boolean }): BufferTransport;
};

const historiesIn = mkdtempSync(join(tmpdir(), "sluice-histories-"));
afterAll(() => rmSync(historiesIn, { recursive: true, force: true }));

const rules = ["PROC-1", "PROC-3", "PROC-4", "PROC-5"];

function harness(locked: boolean): Harness {
  const places = new WeakMap<object, string>();
  return {
    capabilities: racyFileTransport({ path: "/nowhere", locked }).capabilities,
    createTransport() {
      const path = join(mkdtempSync(join(tmpdir(), "sluice-racy-")), "buffer.json");
      const transport = racyFileTransport({ path, locked });
      places.set(transport, path);
      return transport;
    },
    cleanup: (transport) => rmSync(dirname(places.get(transport) ?? ""), { recursive: true, force: true }),
  };
}

test("pass a transport whose processes take turns", { timeout: 120_000 }, async () => {
  const verdicts = await runContract(harness(true), { only: rules });
  expect(verdicts.map(({ rule, outcome, error }) => ({ rule, outcome, error }))).toEqual(
    rules.map((rule) => ({ rule, outcome: "passed", error: undefined })),
  );
});

test.each(["PROC-1", "PROC-3"])(
  "%s fails a transport whose processes overwrite each other",
  { timeout: 120_000 },
  async (rule) => {
    const timing = { signalMs: 2000, noSignalMs: 60, leaseMs: 120 };
    const [verdict] = await runContract(harness(false), { only: [rule], timing, historiesIn });
    expect(verdict).toMatchObject({ rule, outcome: "failed" });
    expect(String(verdict?.error)).toMatch(new RegExp(`^Error: ${rule}: `));
  },
);
