/** The strategy `proper-lockfile`: commits are made by link(2), and need no lock but for turns. */

import { closeSync, linkSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { BufferState } from "./buffer-state.js";
import { DIRECTORY_MODE, segmentName } from "./layout.js";
import { LinkedCommits } from "./linked-commits.js";
import type { LockStrategy } from "./lock-strategy.js";
import { ownIdentity } from "./process-identity.js";
import { createRecordFile } from "./record-file.js";
import type { SegmentHead } from "./segment.js";
import { setSpaceAside } from "./set-aside.js";
import { takeSnapshot } from "./state-snapshot.js";

export const linkStrategy: LockStrategy = {
  createFiles(layout, spec, sync) {
    const segment = join(layout.root, segmentName(0));
    for (const directory of [segment, layout.own, layout.spare, layout.waiting])
      mkdirSync(directory, { mode: DIRECTORY_MODE });
    const state = takeSnapshot(new BufferState(spec, layout.faults));
    const { boot } = ownIdentity();
    const head: SegmentHead = { kind: "state", id: layout.id, base: 0, boot, previous: "", state };
    const fd = createRecordFile(join(segment, "state"), head);
    sync(fd);
    closeSync(fd);
    linkSync(join(segment, "state"), join(segment, "live"));
    setSpaceAside(layout.spare, spec, sync);
    return [segment];
  },
  open: (options) => new LinkedCommits(options),
};
