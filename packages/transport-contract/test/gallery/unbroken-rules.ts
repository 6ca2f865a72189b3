/**
 * Rules that no broken transport is named for, and why: what they say of core, a transport cannot break by itself. Some of those that
 * break more fail them too; see MUTATIONS.md.
 */
export const UNBROKEN: Readonly<Record<string, string>> = {
  "BOUND-5": "core refuses it before a transport is asked",
  "BOUND-12": "core refuses it before a transport is asked",
  "ORDER-6": "core offers for one call at a time while the buffer is full, in the order of its own line",
  "WAIT-6": "core refuses it before a transport is asked",
  "WAIT-14": "core gives the turns; a transport that computes for long is only slow",
  "LEASE-23": "the signal is core's, and follows its own clock",
  "VALUE-2": "core refuses it before a transport is asked",
  "VALUE-5": "core refuses it before a transport is asked",
  "LIFE-8": "core refuses it before a transport is asked",
};
