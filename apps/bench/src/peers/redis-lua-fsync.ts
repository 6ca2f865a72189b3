import type { NodeCandidate } from "../candidate.js";
import { redisCandidate } from "./redis-candidate.js";
import { redisLuaCandidate } from "./redis-lua.js";

const redisLuaFsync: NodeCandidate = redisCandidate({
  ...redisLuaCandidate,
  name: "redis-lua-fsync",
  about: "the list of redis-lua, with appendonly yes and appendfsync always: items outlive a power cut",
  module: import.meta.url,
  isDurable: true,
  itemCount: (work) => (work.kind === "round-trip" ? 400 : work.batch > 1 ? 100_000 : 1_000),
});

export default redisLuaFsync;
