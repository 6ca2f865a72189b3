import { describeTransportContract } from "@sluice/transport-contract";
import { describe, test } from "vitest";
import harness from "./harness.mjs";

describeTransportContract("file", harness, { describe, test });
describeTransportContract(
  "file without fsync",
  { ...harness, wishes: { durability: "none" } },
  { describe, test },
);
