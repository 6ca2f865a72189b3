import { describeTransportContract } from "@sluice/transport-contract";
import { describe, test } from "vitest";
import { flock } from "./harness.mjs";
import { EFFORT_OF_FAULTS, WITHOUT_SYNC } from "./support/effort.js";

const runner = { describe, test };

describeTransportContract("file with flock", flock, runner, { effortAtLeast: EFFORT_OF_FAULTS });
describeTransportContract(
  "file with flock without fsync",
  { ...flock, wishes: { durability: "none" } },
  runner,
  WITHOUT_SYNC,
);
