// The contract, but for its processes: those are in processes.contract.test.ts and kills.contract.test.ts, each with a server of its own.
import { describeTransportContract } from "@sluice/transport-contract";
import { afterAll, describe, test } from "vitest";
import harness, { stop } from "./harness.mjs";
import { noServer } from "./support/servers.js";

describeTransportContract(
  "nats",
  harness,
  { describe: describe.skipIf(noServer), test },
  { except: ["PROC", "DURABLE"] },
);
afterAll(stop);
