// Where the disk would take most of the time: on files in memory. What a kill or an error leaves of them does not depend on what is below.
import { describeTransportContract } from "@sluice/transport-contract";
import { describe, test } from "vitest";
import { flockInMemory, inMemory } from "./harness.mjs";
import { EFFORT_OF_HISTORIES, EFFORT_OF_KILLS, EVERY_CALL, IN_MEMORY } from "./support/effort.js";

const runner = { describe, test };

describeTransportContract("file in memory", inMemory, runner, {
  only: IN_MEMORY,
  effortAtLeast: { ...EFFORT_OF_KILLS, ...EVERY_CALL },
});
describeTransportContract("file with flock in memory", flockInMemory, runner, {
  only: [...Object.keys(EFFORT_OF_KILLS), ...Object.keys(EFFORT_OF_HISTORIES)],
  effortAtLeast: { ...EFFORT_OF_KILLS, ...EFFORT_OF_HISTORIES },
});
