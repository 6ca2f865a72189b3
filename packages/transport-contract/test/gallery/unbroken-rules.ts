/**
 * Rules that no broken transport is named for, and why: what they say of core, a transport cannot break by itself. Some of those that
 * break more fail them too; see MUTATIONS.md.
 */
export const UNBROKEN: Readonly<Record<string, string>> = {
  "BOUND-12": "core refuses it before a transport is asked",
  "WAIT-6": "core refuses it before a transport is asked",
  "WAIT-14":
    "core gives a turn after so many calls, however they are answered; a transport that holds the process up has fewer items in the same time, and so needs fewer turns",
  "LEASE-23":
    "the signal follows core's clock, its handles, and what settlements answer; a transport that answers those wrongly, or hands nothing on, is named by the rules about them",
  "VALUE-2": "core refuses it before a transport is asked",
  "VALUE-5": "core refuses it before a transport is asked",
};
