// The contract, but for its processes and the histories: those are in processes.contract.test.ts, kills.contract.test.ts and
// histories.contract.test.ts, each with a server of its own.
import { describeTransportContract } from "@sluice/transport-contract";
import { afterAll, describe, test } from "vitest";
import harness, { stop } from "./harness.mjs";
import { noServer } from "./support/servers.js";

describeTransportContract(
  "nats",
  harness,
  { describe: describe.skipIf(noServer), test },
  { except: ["PROC", "DURABLE", "MODEL-3"] },
);
afterAll(stop);
