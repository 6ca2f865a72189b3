// What the contract asks of processes that are killed and stopped, and of a server that is killed.
import { describeTransportContract } from "@sluice/transport-contract";
import { afterAll, describe, test } from "vitest";
import harness, { stop } from "./harness.mjs";
import { program } from "./support/nats-server.mjs";

if (program === undefined) test.skip("the contract over processes (skipped: there is no server)", () => {});
else describeTransportContract("nats", harness, { describe, test }, { only: ["PROC", "DURABLE"] });
afterAll(stop);
