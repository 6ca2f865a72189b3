import { describeTransportContract } from "@sluice/transport-contract";
import { describe, test } from "vitest";
import ipc from "./harness.mjs";

describeTransportContract("zeromq over ipc", ipc, { describe, test });
