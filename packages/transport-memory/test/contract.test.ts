import { describeTransportContract } from "@sluice/transport-contract";
import { memoryTransport } from "@sluice/transport-memory";
import { describe, test } from "vitest";

describeTransportContract(
  "memory",
  { createTransport: () => memoryTransport(), capabilities: memoryTransport().capabilities },
  { describe, test },
);
