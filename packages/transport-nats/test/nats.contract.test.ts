// The contract, but for its processes: those are in processes.contract.test.ts, with a server of their own beside this one.
import { describeTransportContract } from "@sluice/transport-contract";
import { afterAll, describe, expect, test } from "vitest";
import harness, { stop } from "./harness.mjs";
import { program } from "./support/nats-server.mjs";

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
if (program !== undefined) describeTransportContract("nats", harness, { describe, test }, { only: GROUPS });
afterAll(stop);
