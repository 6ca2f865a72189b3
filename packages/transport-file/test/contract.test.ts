import { describeTransportContract } from "@sluice/transport-contract";
import { describe, test } from "vitest";
import harness from "./harness.mjs";

describeTransportContract("file", harness, { describe, test });
// What syncs change, with less effort: what is left when processes end or fail. The rest was looked at with them.
describeTransportContract(
  "file without fsync",
  { ...harness, wishes: { durability: "none" } },
  { describe, test },
  { only: ["PROC", "DISK", "DURABLE"], effort: 0.4 },
);
