import { describeTransportContract } from "@sluice/transport-contract";
import { describe, test } from "vitest";
import ipc from "./harness.mjs";

// 1,000 histories (transport-contract's FAULTS-IN-CI.md).
const effortAtLeast = { "MODEL-3": 200 };

describeTransportContract("zeromq over ipc", ipc, { describe, test }, { effortAtLeast });
