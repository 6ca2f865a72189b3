import { expect, test } from "vitest";
import { pages } from "../dist/fault-page.js";
import { TRANSPORTS } from "../dist/matrix-transports.js";

test("the page of faults has the table that the tests check; `pnpm --filter @sluice/matrix table` writes it", () => {
  const { now, wanted } = pages();
  expect(now).toBe(wanted);
});

test.each(TRANSPORTS)("$title is what the table takes it for", async ({ make, hasProcesses }) => {
  const { capabilities } = await make("/somewhere");
  expect(capabilities.reach !== "process").toBe(hasProcesses);
});
