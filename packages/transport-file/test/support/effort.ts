/** How much of it CI owes (transport-contract's FAULTS-IN-CI.md). */

/** With each of the two locks, which write commits in ways of their own: 1,000 losses of power. */
export const EFFORT_OF_FAULTS = { "DISK-5": 4, "DISK-8": 25 };

/** With each of them too: 10 kills at each failpoint. */
export const EFFORT_OF_KILLS = { "PROC-21": 10 };

/** With one: every system call of a script. */
export const EVERY_CALL = { "DISK-1": 20, "DISK-6": 20 };

/** 1,000 histories of several callers at once. */
export const EFFORT_OF_HISTORIES = { "MODEL-3": 200 };

/** What is run on files in memory instead, in memory.contract.test.ts: hundreds of processes, and of buffers. */
export const IN_MEMORY = [...Object.keys(EFFORT_OF_KILLS), ...Object.keys(EVERY_CALL)];
