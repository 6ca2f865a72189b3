import { expect, test } from "vitest";
import { pages } from "../dist/fault-page.js";

test("the page of faults has the table that the tests check; `pnpm --filter @sluice/matrix table` writes it", () => {
  const { now, wanted } = pages();
  expect(now).toBe(wanted);
});
