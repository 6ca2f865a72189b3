// The contract, but for its processes: those are in processes.contract.test.ts, with a server of their own beside this one.
import { describeTransportContract } from "@sluice/transport-contract";
import { afterAll, describe, test } from "vitest";
import harness, { stop } from "./harness.mjs";
import { noServer } from "./support/servers.js";

// 100 histories (transport-contract's FAULTS-IN-CI.md).
const effortAtLeast = { "MODEL-3": 20 };
describeTransportContract(
  "redis",
  harness,
  { describe: describe.skipIf(noServer), test },
  { except: ["PROC", "DURABLE"], effortAtLeast },
);
afterAll(stop);
