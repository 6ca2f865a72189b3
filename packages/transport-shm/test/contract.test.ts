import { describeTransportContract } from "@sluice/transport-contract";
import { describe, test } from "vitest";
import harness from "./harness.mjs";

// 200 histories, 5 kills at each failpoint (transport-contract's FAULTS-IN-CI.md).
const effortAtLeast = { "MODEL-3": 40, "PROC-21": 5 };

describeTransportContract("shm", harness, { describe, test }, { effortAtLeast });
