import { describeTransportContract } from "@sluice/transport-contract";
import { describe, test } from "vitest";
import { flock } from "./harness.mjs";

describeTransportContract("file with flock", flock, { describe, test });
// What syncs change, with less effort: what is left when processes end or fail. The rest was looked at with them.
describeTransportContract(
  "file with flock without fsync",
  { ...flock, wishes: { durability: "none" } },
  { describe, test },
  { only: ["PROC", "DISK", "DURABLE"], effort: 0.4 },
);
