/** What the rules of DISK need besides a transport. */

import type { Rule } from "../rule.js";

/** Of transports whose buffer lies in files. @param machine - why it cannot be tried on this machine. */
export function onFiles(rule: Rule, machine: () => string | undefined = () => undefined): Rule {
  return {
    ...rule,
    skipReason: (harness) =>
      rule.skipReason(harness) ??
      (harness.directory === undefined ? "its harness names no directory of files" : machine()),
  };
}
