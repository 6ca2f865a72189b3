import { describeTransportContract } from "@sluice/transport-contract";
import { describe, test } from "vitest";
import { flock } from "./harness.mjs";

describeTransportContract("file with flock", flock, { describe, test });
describeTransportContract(
  "file with flock without fsync",
  { ...flock, wishes: { durability: "none" } },
  { describe, test },
);
