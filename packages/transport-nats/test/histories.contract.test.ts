// Histories of several callers at once, judged as a whole: many of them, beside all other rules.
import { describeTransportContract } from "@sluice/transport-contract";
import { afterAll, describe, test } from "vitest";
import harness, { stop } from "./harness.mjs";
import { noServer } from "./support/servers.js";

// 1,000 histories (transport-contract's FAULTS-IN-CI.md).
const effortAtLeast = { "MODEL-3": 200 };
describeTransportContract(
  "nats",
  harness,
  { describe: describe.skipIf(noServer), test },
  { only: ["MODEL-3"], effortAtLeast },
);
afterAll(stop);
