import { describeTransportContract } from "@sluice/transport-contract";
import { describe, test } from "vitest";
import { tcpHarness } from "./support/harness.js";

describeTransportContract("zeromq over tcp", tcpHarness, { describe, test });
