/** Options that are of no use over this transport: refused, never ignored. */

import { type DemoOptions, UsageError } from "./args.js";
import { isAtServer, outlivesDemo } from "./place.js";
import type { Adapter } from "./transports.js";

/** @throws UsageError */
export function refuseUseless(options: DemoOptions, adapter: Adapter): void {
  const { transport, path, keep, kill, resume, journal } = options;
  const { folder, hasBroker, isOneProcess, startServer } = adapter;
  const outlives = outlivesDemo(options, adapter);
  const ends = `a buffer in ${transport} ends with the demo`;
  const isThere = hasBroker ? "--journal" : startServer && "--url";
  const unless = isThere === undefined ? "" : ` unless there is a ${isThere}`;
  if (path !== undefined && folder === undefined) throw new UsageError(`--path is of no use: ${ends}`);
  for (const name of ["url", "journal"] as const) {
    const isServers = name === "url" && startServer !== undefined;
    if (options[name] !== undefined && !hasBroker && !isServers)
      throw new UsageError(`--${name} is of no use: a buffer in ${transport} has no broker`);
  }
  if (kill !== undefined && isOneProcess)
    throw new UsageError(`--kill is of no use: over ${transport} the ${kill}s are in the demo's own process`);
  if (keep && !outlives) throw new UsageError(`--keep is of no use: ${ends}${unless}`);
  if (resume && !outlives) throw new UsageError(`--resume is of no use: ${ends}${unless}`);
  if (resume && path === undefined && journal === undefined && !isAtServer(options, adapter))
    throw new UsageError("--resume needs --path: the buffer that is to be taken up");
}
