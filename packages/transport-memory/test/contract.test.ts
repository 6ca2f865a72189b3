import { describeTransportContract } from "@sluice/transport-contract";
import { describe, test } from "vitest";
import harness from "./harness.mjs";

describeTransportContract("memory", harness, { describe, test });
