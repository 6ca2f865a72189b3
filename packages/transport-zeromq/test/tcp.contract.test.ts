import { describeTransportContract } from "@sluice/transport-contract";
import { describe, test } from "vitest";
import { tcp } from "./harness.mjs";

describeTransportContract("zeromq over tcp", tcp, { describe, test });
