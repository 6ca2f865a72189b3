import { expect, test, vi } from "vitest";
import { pages } from "../dist/fault-page.js";
import { TRANSPORTS } from "../dist/matrix-transports.js";

test("the page of faults has the table that the tests check; `pnpm --filter @sluice/matrix table` writes it", () => {
  const { now, wanted } = pages();
  expect(now).toBe(wanted);
});

test.each(TRANSPORTS)("$title is what the table takes it for", async ({ make, hasProcesses }) => {
  // It is looked at, and nobody is asked.
  vi.stubEnv("SLUICE_REDIS_URL", "redis://127.0.0.1");
  vi.stubEnv("SLUICE_NATS_URL", "nats://127.0.0.1");
  const { capabilities } = await make("/somewhere");
  expect(capabilities.reach !== "process").toBe(hasProcesses);
});
