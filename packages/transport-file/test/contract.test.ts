import { describeTransportContract } from "@sluice/transport-contract";
import { describe, test } from "vitest";
import harness from "./harness.mjs";
import { EFFORT_OF_FAULTS, IN_MEMORY } from "./support/effort.js";

describeTransportContract(
  "file",
  harness,
  { describe, test },
  { except: IN_MEMORY, effortAtLeast: EFFORT_OF_FAULTS },
);
