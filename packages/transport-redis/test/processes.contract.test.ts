// What the contract asks of processes that are killed and stopped, and of a server that is killed.
import { describeTransportContract } from "@sluice/transport-contract";
import { afterAll, describe, test } from "vitest";
import { processes, stop } from "./harness.mjs";
import { noServer } from "./support/servers.js";

// 20 kills at each failpoint (transport-contract's FAULTS-IN-CI.md).
const effortAtLeast = { "PROC-21": 20 };
describeTransportContract(
  "redis",
  processes,
  { describe: describe.skipIf(noServer), test },
  { only: ["PROC", "DURABLE"], effortAtLeast },
);
afterAll(stop);
