// What the contract asks of processes that are killed and stopped at random, or all at once, and of a server that is killed.
import { describeTransportContract } from "@sluice/transport-contract";
import { afterAll, describe, test } from "vitest";
import harness, { stop } from "./harness.mjs";
import { noServer } from "./support/servers.js";

// 20 kills at each failpoint, and 100 in all (transport-contract's FAULTS-IN-CI.md).
const effortAtLeast = { "PROC-19": 1.5, "PROC-20": 1.5, "PROC-21": 20 };
describeTransportContract(
  "nats",
  harness,
  { describe: describe.skipIf(noServer), test },
  { only: ["PROC-19", "PROC-20", "PROC-21", "DURABLE"], effortAtLeast },
);
afterAll(stop);
