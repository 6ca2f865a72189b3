// The contract, but for its processes: those are in processes.contract.test.ts, with a server of their own beside this one.
import { describeTransportContract } from "@sluice/transport-contract";
import { afterAll, describe, expect, test } from "vitest";
import harness, { stop } from "./harness.mjs";
import { program } from "./support/redis-server.mjs";

const GROUPS = [
  "BOUND",
  "ORDER",
  "WAIT",
  "SEAL",
  "LEASE",
  "RETRY",
  "COUNT",
  "VALUE",
  "LIFE",
  "MODEL",
  "DISK",
  "STRESS",
];

test.skipIf(program === undefined)("there is a server to run the contract on", () => {
  expect(program).toBeDefined();
});
// 100 histories (transport-contract's FAULTS-IN-CI.md).
const effortAtLeast = { "MODEL-3": 20 };
if (program !== undefined)
  describeTransportContract("redis", harness, { describe, test }, { only: GROUPS, effortAtLeast });
afterAll(stop);
