import { describeTransportContract } from "@sluice/transport-contract";
import { describe, test } from "vitest";
import harness from "./harness.mjs";
import { EFFORT_OF_FAULTS, EVERY_CALL } from "./support/effort.js";

const effortAtLeast = { ...EFFORT_OF_FAULTS, ...EVERY_CALL };

describeTransportContract("file", harness, { describe, test }, { effortAtLeast });
