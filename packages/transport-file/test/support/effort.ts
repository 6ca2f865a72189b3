/** How much of it CI owes (transport-contract's FAULTS-IN-CI.md), with each of the two locks: they write commits in ways of their own. */

/** Every system call of a script, 1,000 losses of power, 10 kills at each failpoint. */
export const EFFORT_OF_FAULTS = { "DISK-1": 20, "DISK-5": 4, "DISK-6": 20, "DISK-8": 25, "PROC-21": 10 };

/** What syncs change; the rest was looked at with them. In scripts that are long enough for the log to be cut. */
export const WITHOUT_SYNC = {
  only: ["PROC-19", "PROC-20", "DISK-1", "DISK-5", "DISK-6", "DISK-7", "DURABLE-2"],
  effort: 0.4,
  effortAtLeast: { "DISK-1": 1, "DISK-6": 1 },
};
