// Listens at an address, and passes what comes on to a port of the loopback: `node forwarder.mjs HOST TO_PORT`. Prints its port.
// In a network namespace of its own it is the way in from outside to a broker that listens on the loopback alone.
import { connect, createServer } from "node:net";

const [, , host, port] = process.argv;
const server = createServer((outer) => {
  const inner = connect(Number(port), "127.0.0.1");
  outer.setNoDelay().pipe(inner.setNoDelay()).pipe(outer);
  for (const [one, other] of [
    [outer, inner],
    [inner, outer],
  ]) {
    one.on("error", () => other.destroy());
    one.on("close", () => other.destroy());
  }
});
process.on("disconnect", () => process.exit());
server.listen(0, host, () => process.send(server.address().port));
