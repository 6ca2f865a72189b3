// Goal: what worker processes do comes out in the parent's metrics and channels, a crash and a restart included.
// Method: a run over files, whose consumer exits in the middle of its work once, and refuses an item once.

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBuffer, openBuffer, run } from "@sluice/core";
import { fileTransport } from "@sluice/transport-file";
import { expect, onTestFinished, test } from "vitest";
import { publishRun, type RunMessage } from "../dist/diagnostics.js";
import { BUFFER_METRICS, RUN_METRICS } from "../dist/index.js";
import { observeBuffer, observeRun } from "../dist/opentelemetry.js";
import { collector, differences, sumOf, worker } from "./kit.js";

test("a run over files: workers, items, a crash, a restart, and the buffer between them", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-metrics-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const transport = fileTransport({ path: join(folder, "buffer") });
  const made = await createBuffer<number>(transport, { capacity: 3, durability: "none" });
  await made.close();
  const buffer = await openBuffer<number>(transport);
  onTestFinished(() => buffer.destroy());

  const restarted: unknown[] = [];
  const hear = (message: unknown) => restarted.push(message);
  subscribe("sluice:run:restarted", hear);
  onTestFinished(() => void unsubscribe("sluice:run:restarted", hear));

  const { meter, collect } = collector();
  const args = { everyMs: 5, fatal: 6, refused: 11, marker: join(folder, "died") };
  const running = run({
    transport,
    producers: { module: worker("count"), args: { items: 20 } },
    consumers: { module: worker("collect"), args, restart: { policy: "on-crash", backoffMinMs: 0 } },
  });
  observeRun(running, { meter });
  observeBuffer(buffer, { meter, name: "jobs" });
  publishRun(running);
  const report = await running.report;
  expect(report, report.problems.join("; ")).toMatchObject({
    exitCode: 0,
    produced: 20,
    consumed: 20,
    restarts: 1,
  });

  const collected = await collect();
  const consumer = { "sluice.role": "consumer" };
  expect(sumOf(collected, RUN_METRICS.failures, { ...consumer, "error.type": "WORKER_FAILED" })).toBe(1);
  expect(sumOf(collected, RUN_METRICS.restarts, consumer)).toBe(1);
  expect(sumOf(collected, RUN_METRICS.nacked)).toBe(1);
  expect(sumOf(collected, RUN_METRICS.produced)).toBe(report.totals.produced);
  expect(sumOf(collected, RUN_METRICS.consumed)).toBe(report.totals.consumed);
  expect(sumOf(collected, RUN_METRICS.workers)).toBe(0);
  expect(sumOf(collected, RUN_METRICS.waiting)).toBe(0);
  expect(sumOf(collected, BUFFER_METRICS.produced)).toBe(20);
  expect(sumOf(collected, BUFFER_METRICS.consumed)).toBe(20);
  expect(sumOf(collected, BUFFER_METRICS.utilization)).toBe(0);

  const list = [...Object.values(RUN_METRICS), ...Object.values(BUFFER_METRICS)];
  expect(differences(collected, list)).toEqual([]);
  const seen = new Set(collected.map(({ name }) => name));
  const missing = list.filter(({ name }) => !seen.has(name)).map(({ name }) => name);
  expect(missing, "all but the failures of collections").toEqual([BUFFER_METRICS.failures.name]);

  const [message, ...more] = restarted as RunMessage<"restarted">[];
  expect(more).toEqual([]);
  expect(message?.run).toBe(running);
  expect(message?.event).toMatchObject({ kind: "restarted", worker: "consumer-1", restarts: 1 });
});
