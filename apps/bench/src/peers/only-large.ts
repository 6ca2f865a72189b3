import type { Candidate } from "../candidate.js";

/** What has no bound is measured beside large capacities alone: beside five places it would be something else. */
export const onlyLarge: NonNullable<Candidate["unsuited"]> = ({ kind, capacity }) =>
  kind === "throughput" && capacity < 1024 ? "has no bound in items: shown from capacity 1024 on" : undefined;
