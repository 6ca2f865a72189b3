// Every fault on every transport that it can happen to: each caused for real, in processes of its own, and observed from outside.
import { describe, expect, test } from "vitest";
import { runCase } from "../dist/case-run.js";
import { expectationOf } from "../dist/expectation.js";
import { FAULTS } from "../dist/faults.js";
import { preparedTransports } from "../dist/matrix-transports.js";

const transports = await preparedTransports();

describe.concurrent.each(FAULTS)("$title", (fault) => {
  const cases = transports
    .map((transport) => ({
      transport,
      title: transport.title,
      expected: expectationOf(fault, transport),
    }))
    .flatMap(({ expected, ...one }) => (typeof expected === "string" ? [] : [{ ...one, expected }]));

  test.each(cases)("over $title", async ({ transport, expected }) => {
    const { faults, story, ...seen } = await runCase(fault, transport);
    expect({ ...seen, faults }, story).toMatchObject({ ...expected, faults: [] });
  });
});
