// A plan that cannot be used is refused before anything is made.
import { openBuffer, type RunPlan, run } from "@sluice/core";
import { expect, test } from "vitest";
// Not exported: a run completes what its plan says.
import { completeRestart } from "../../dist/orchestrator/restart-options.js";
import { throwing } from "../kit/expectations.js";
import { memoryTransport, worker } from "./harness.js";

const module = worker("count");

test.each([
  ["no plan", undefined, "the plan"],
  ["no transport", { transport: {} }, "plan.transport"],
  ["no workers", { producers: [], consumers: [] }, "the plan"],
  ["a key that is misspelt", { drainDeadlineMS: 5 }, "drainDeadlineMs"],
  ["a key of a group that is misspelt", { consumers: { module, idleMS: 5 } }, "idleMs"],
  ["a consumer's option for producers", { producers: { module, idleMs: 5 } }, "idleMs"],
  ["a module that is no path", { producers: { module: 7 } }, "module"],
  ["a module that is empty", { producers: { module: "" } }, "module"],
  ["no group in a list of groups", { producers: [undefined] }, "plan.producers"],
  ["a key that throws when it is read", throwing("keep"), "the plan"],
  ["a key of a group that does", { consumers: throwing("module") }, "plan.consumers"],
  [
    "a name that a group of the other role has",
    { producers: { module, name: "twin" }, consumers: { module, name: "twin" } },
    "`plan.consumers`.name",
  ],
  ["no worker in a group", { producers: { module, count: 0 } }, "count"],
  ["more workers than a host bears", { producers: { module, count: 100_000 } }, "count"],
  ["half a worker", { producers: { module, count: 0.5 } }, "count"],
  ["args for others", { producers: { module, count: 2, argsOfEach: [1, 2, 3] } }, "argsOfEach"],
  ["args that are no list", { producers: { module, argsOfEach: "ab" } }, "argsOfEach"],
  ["args that cannot be sent", { producers: { module, args: { call: () => {} } } }, "args"],
  ["no batch", { producers: { module, batch: 0 } }, "batch"],
  ["no hands", { consumers: { module, concurrency: 0 } }, "concurrency"],
  ["a lease without time", { consumers: { module, leaseMs: 0 } }, "leaseMs"],
  ["idle at once", { consumers: { module, idleMs: 0 } }, "idleMs"],
  ["a deadline in the past", { drainDeadlineMs: -1 }, "drainDeadlineMs"],
  ["no time to start", { startTimeoutMs: 0 }, "startTimeoutMs"],
  ["keep that is no boolean", { keep: "yes" }, "plan.keep"],
  ["a signal that is none", { signal: {} }, "plan.signal"],
  ["capacity 0", { create: { capacity: 0 } }, "capacity"],
])("%s", async (_what, change, says) => {
  const transport = memoryTransport();
  const good = { transport, create: { capacity: 5 }, producers: { module }, consumers: { module } };
  const plan =
    change === undefined
      ? undefined
      : Object.defineProperties({ ...good }, Object.getOwnPropertyDescriptors(change));
  await expect(run(plan as unknown as RunPlan).report).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message: expect.stringContaining(says),
  });
  await expect(openBuffer(transport)).rejects.toMatchObject({ code: "BUFFER_NOT_FOUND" });
});

test("without a word of restarts there are three of a group within 10 s, and no more", () => {
  expect(completeRestart("restart", undefined)).toMatchObject({
    policy: "on-crash",
    max: 3,
    withinMs: 10_000,
    backoffMinMs: 100,
    backoffMaxMs: 2_000,
  });
});
