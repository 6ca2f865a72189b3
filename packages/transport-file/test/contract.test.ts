import { describeTransportContract } from "@sluice/transport-contract";
import { describe, test } from "vitest";
import harness from "./harness.mjs";
import { EFFORT_OF_FAULTS, WITHOUT_SYNC } from "./support/effort.js";

const runner = { describe, test };

describeTransportContract("file", harness, runner, { effortAtLeast: EFFORT_OF_FAULTS });
describeTransportContract(
  "file without fsync",
  { ...harness, wishes: { durability: "none" } },
  runner,
  WITHOUT_SYNC,
);
