// What the contract asks of processes that are killed and stopped, and of a server that is killed.
import { describeTransportContract } from "@sluice/transport-contract";
import { afterAll, describe, test } from "vitest";
import harness, { stop } from "./harness.mjs";
import { noServer } from "./support/servers.js";

describeTransportContract(
  "nats",
  harness,
  { describe: describe.skipIf(noServer), test },
  { only: ["PROC", "DURABLE"] },
);
afterAll(stop);
