import { describeTransportContract } from "@sluice/transport-contract";
import { describe, test } from "vitest";
import ipc from "./harness.mjs";

// 20 histories, each with a broker of its own (transport-contract's FAULTS-IN-CI.md).
const effortAtLeast = { "MODEL-3": 4 };

describeTransportContract("zeromq over ipc", ipc, { describe, test }, { effortAtLeast });
