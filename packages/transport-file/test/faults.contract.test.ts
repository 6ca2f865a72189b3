// The faults of the file medium as often as CI owes them (transport-contract's FAULTS-IN-CI.md): the contract runs them with a few
// of each. With the lock that has no daemon of its own to be in the way; what is written is the same with the other.
import { describeTransportContract } from "@sluice/transport-contract";
import { describe, test } from "vitest";
import { flock } from "./harness.mjs";

const runner = { describe, test };

describeTransportContract("file, at every system call,", flock, runner, {
  only: ["DISK-1", "DISK-6"],
  effort: 20,
});
describeTransportContract("file, in 2,000 losses of power,", flock, runner, { only: ["DISK-8"], effort: 50 });
describeTransportContract("file, 20 times at each failpoint,", flock, runner, {
  only: ["PROC-21"],
  effort: 20,
});
