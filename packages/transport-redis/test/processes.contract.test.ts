// What the contract asks of processes that are killed and stopped, and of a server that is killed.
import { describeTransportContract } from "@sluice/transport-contract";
import { afterAll, describe, expect, test } from "vitest";
import { processes, stop } from "./harness.mjs";
import { program } from "./support/redis-server.mjs";

test.skipIf(program === undefined)("there is a server to run the contract on", () => {
  expect(program).toBeDefined();
});
// 5 kills at each failpoint (transport-contract's FAULTS-IN-CI.md).
const effortAtLeast = { "PROC-21": 5 };
if (program !== undefined)
  describeTransportContract(
    "redis",
    processes,
    { describe, test },
    { only: ["PROC", "DURABLE"], effortAtLeast },
  );
afterAll(stop);
