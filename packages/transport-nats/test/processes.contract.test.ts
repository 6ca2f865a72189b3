// What the contract asks of processes, but for those that are killed at random: they are in kills.contract.test.ts.
import { describeTransportContract } from "@sluice/transport-contract";
import { afterAll, describe, test } from "vitest";
import harness, { stop } from "./harness.mjs";
import { noServer } from "./support/servers.js";

describeTransportContract(
  "nats",
  harness,
  { describe: describe.skipIf(noServer), test },
  { only: ["PROC"], except: ["PROC-19", "PROC-20", "PROC-21"] },
);
afterAll(stop);
