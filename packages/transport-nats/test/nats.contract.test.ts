// The contract, but for its processes: those are in processes.contract.test.ts, with a server of their own beside this one.
import { describeTransportContract } from "@sluice/transport-contract";
import { afterAll, describe, test } from "vitest";
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

if (program === undefined) test.skip("the contract (skipped: there is no server)", () => {});
else describeTransportContract("nats", harness, { describe, test }, { only: GROUPS });
afterAll(stop);
