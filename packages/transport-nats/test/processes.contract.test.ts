// What the contract asks of processes that are killed and stopped, and of a server that is killed.
import { describeTransportContract } from "@sluice/transport-contract";
import { afterAll, describe, expect, test } from "vitest";
import harness, { stop } from "./harness.mjs";
import { program } from "./support/nats-server.mjs";

test.skipIf(program === undefined)("there is a server to run the contract on", () => {
  expect(program).toBeDefined();
});
if (program !== undefined)
  describeTransportContract("nats", harness, { describe, test }, { only: ["PROC", "DURABLE"] });
afterAll(stop);
