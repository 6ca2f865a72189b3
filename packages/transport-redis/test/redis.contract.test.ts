// The contract, but for its processes: those are in processes.contract.test.ts, with a server of their own beside this one.
import { describeTransportContract } from "@sluice/transport-contract";
import { afterAll, describe, test } from "vitest";
import harness, { stop } from "./harness.mjs";
import { noServer } from "./support/servers.js";

// 1,000 histories (transport-contract's FAULTS-IN-CI.md).
const effortAtLeast = { "MODEL-3": 200 };
describeTransportContract(
  "redis",
  harness,
  { describe: describe.skipIf(noServer), test },
  { except: ["PROC", "DURABLE"], effortAtLeast },
);
afterAll(stop);
