import { describeTransportContract } from "@sluice/transport-contract";
import { describe, test } from "vitest";
import { flock } from "./harness.mjs";
import { EFFORT_OF_FAULTS, EFFORT_OF_KILLS } from "./support/effort.js";

const runner = { describe, test };

describeTransportContract("file with flock", flock, runner, {
  except: Object.keys(EFFORT_OF_KILLS),
  effortAtLeast: EFFORT_OF_FAULTS,
});
// What syncs change; the rest was looked at with them. In scripts that are long enough for the log to be cut.
describeTransportContract(
  "file with flock without fsync",
  { ...flock, wishes: { durability: "none" } },
  runner,
  {
    only: ["PROC-19", "PROC-20", "DISK-1", "DISK-5", "DISK-6", "DISK-7", "DURABLE-2"],
    effort: 0.4,
    effortAtLeast: { "DISK-1": 1, "DISK-6": 1 },
  },
);
