import type { NodeCandidate } from "../candidate.js";
import { sqliteCandidate } from "./sqlite.js";

const sqliteFsync: NodeCandidate = sqliteCandidate({
  name: "sqlite-fsync",
  about: "the table of sqlite with synchronous FULL: items outlive a power cut",
  module: import.meta.url,
  isDurable: true,
  itemCount: (work) => (work.kind === "round-trip" ? 200 : work.batch > 1 ? 40_000 : 1_000),
});

export default sqliteFsync;
