import { describeTransportContract } from "@sluice/transport-contract";
import { describe, test } from "vitest";
import harness from "./harness.mjs";
import { program } from "./support/redis-server.mjs";

if (program !== undefined) describeTransportContract("redis", harness, { describe, test });
else test.skip("the contract (skipped: there is no server)", () => {});
