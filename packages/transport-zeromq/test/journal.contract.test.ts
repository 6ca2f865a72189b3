// The contract over a broker with a journal. Of each commit the disk costs time, so CI runs what a journal makes different;
// `pnpm --filter @sluice/transport-zeromq contract:journal` runs all of it.
import { describeTransportContract } from "@sluice/transport-contract";
import { describe, test } from "vitest";
import { journal } from "./harness.mjs";

const PROCESSES = [1, 6, 7, 9, 10, 11, 12, 13, 17].map((number) => `PROC-${number}`);
const CHOSEN = ["SEAL", "LEASE", "RETRY", "DURABLE", ...PROCESSES];
// By vitest's `--mode`.
const isWhole = process.env["MODE"] === "whole";

describeTransportContract(
  "zeromq with a journal",
  journal,
  { describe, test },
  isWhole ? {} : { only: CHOSEN },
);
