// A port may return early from a wait: no rule may take that for a fault.
import type { Wait } from "@sluice/core";
import { expect, test } from "vitest";
import { type Harness, runContract } from "../dist/index.js";
import { decorated } from "./gallery/decorate.js";

const EARLY_MS = 5;
const early = (wait: Wait): Wait => ({ ...wait, maxMs: Math.min(wait.maxMs, EARLY_MS) });
const transport = () =>
  decorated(() => ({
    port: (port) => ({ drained: (wait) => port.drained(early(wait)) }),
    producer: (producer) => ({
      offer: (first, items, wait, envelopes) => producer.offer(first, items, early(wait), envelopes),
    }),
    consumer: (consumer) => ({
      poll: (itemsMax, wait, lease) => consumer.poll(itemsMax, early(wait), lease),
    }),
  }));
const harness: Harness = { createTransport: transport, capabilities: transport().capabilities };

test("a transport whose waits end early keeps every rule", { timeout: 240_000 }, async () => {
  const verdicts = await runContract(harness, { level: "capability" });
  const failures = verdicts.filter(({ outcome }) => outcome === "failed");
  expect(failures.map(({ error }) => String(error))).toEqual([]);
  expect(verdicts.filter(({ outcome }) => outcome === "passed").length).toBeGreaterThan(100);
});
