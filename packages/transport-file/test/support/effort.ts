/** How much of it CI owes (transport-contract's FAULTS-IN-CI.md). */

/** With each of the two locks, which write commits in ways of their own: 480 losses of power, 5 kills at each failpoint. */
export const EFFORT_OF_FAULTS = { "DISK-5": 4, "DISK-8": 12, "PROC-21": 5 };

/** With one: every system call of a script. */
export const EVERY_CALL = { "DISK-1": 20, "DISK-6": 20 };

/** 100 histories of several callers at once. */
export const EFFORT_OF_HISTORIES = { "MODEL-3": 20 };
