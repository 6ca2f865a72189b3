import { describeTransportContract } from "@sluice/transport-contract";
import { describe, test } from "vitest";
import { ipcHarness } from "./support/harness.js";

describeTransportContract("zeromq over ipc", ipcHarness, { describe, test });
