import { describeTransportContract } from "@sluice/transport-contract";
import { describe, test } from "vitest";
import harness from "./harness.mjs";

// 1,000 histories, 20 kills at each failpoint (transport-contract's FAULTS-IN-CI.md).
const effortAtLeast = { "MODEL-3": 200, "PROC-21": 20 };

describeTransportContract("shm", harness, { describe, test }, { effortAtLeast });
