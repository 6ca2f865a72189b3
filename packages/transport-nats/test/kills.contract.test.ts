// What the contract asks of processes that are killed and stopped at random, or all at once, and of a server that is killed.
import { describeTransportContract } from "@sluice/transport-contract";
import { afterAll, describe, test } from "vitest";
import harness, { stop } from "./harness.mjs";
import { EFFORT_OF_KILLS } from "./support/effort.js";
import { noServer } from "./support/servers.js";

describeTransportContract(
  "nats",
  harness,
  { describe: describe.skipIf(noServer), test },
  { only: ["PROC-19", "PROC-20", "PROC-21", "DURABLE"], ...EFFORT_OF_KILLS },
);
afterAll(stop);
