// What the contract is run on: by the tests, and by the command (`transport-contract run packages/transport-memory/test/harness.mjs`).
import { memoryTransport } from "@sluice/transport-memory";

export default { createTransport: () => memoryTransport(), capabilities: memoryTransport().capabilities };
