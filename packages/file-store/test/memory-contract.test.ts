import { describeTransportContract } from "@sluice/transport-contract";
import { describe, test } from "vitest";
import { memoryStoreTransport } from "./support/memory-transport.mjs";

const { capabilities } = memoryStoreTransport();
const harness = { createTransport: () => memoryStoreTransport(), capabilities };
describeTransportContract("a store in memory", harness, { describe, test });
