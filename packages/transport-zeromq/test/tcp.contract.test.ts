// The contract over tcp. What kills and stops many processes is run over ipc, in the same broker; over tcp CI runs what depends on how the
// end of a process is noticed. `pnpm --filter @sluice/transport-zeromq contract:tcp` runs all of it.
import { describeTransportContract } from "@sluice/transport-contract";
import { describe, test } from "vitest";
import { tcp } from "./harness.mjs";

const OVER_IPC = [2, 3, 4, 14, 15, 16, 18, 20, 21, 22, 23, 24].map((number) => `PROC-${number}`);
// By vitest's `--mode`.
const isWhole = process.env["MODE"] === "whole";

describeTransportContract(
  "zeromq over tcp",
  tcp,
  { describe, test },
  isWhole ? {} : { except: ["DISK", "DURABLE", "STRESS", ...OVER_IPC] },
);
