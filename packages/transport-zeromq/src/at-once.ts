/** A wait that does not wait. */

import type { Wait } from "@sluice/core";

export const AT_ONCE: Wait = Object.freeze({ maxMs: 0, signal: new AbortController().signal, onWait() {} });
