// The contract over tcp. What kills and stops many processes is run over ipc, in the same broker; over tcp CI runs what depends on how the
// end of a process is noticed. `pnpm --filter @sluice/transport-zeromq contract:tcp` runs all of it.
import { describeTransportContract } from "@sluice/transport-contract";
import { describe, test } from "vitest";
import { tcp } from "./harness.mjs";

const IN_ONE_PROCESS = [
  "BOUND",
  "ORDER",
  "WAIT",
  "SEAL",
  "LEASE",
  "RETRY",
  "COUNT",
  "VALUE",
  "LIFE",
  "MODEL",
];
const PROCESSES = [1, 5, 6, 7, 8, 9, 10, 11, 12, 13, 17, 19].map((number) => `PROC-${number}`);
// By vitest's `--mode`.
const isWhole = process.env["MODE"] === "whole";

describeTransportContract(
  "zeromq over tcp",
  tcp,
  { describe, test },
  isWhole ? {} : { only: [...IN_ONE_PROCESS, ...PROCESSES] },
);
