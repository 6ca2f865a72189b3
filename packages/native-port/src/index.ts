/** What transports of one host need of the operating system, and Node lacks. Read `native-port.ts`. */

export { bootId, monotonicMs, remoteFileSystem } from "./host.js";
export { loadNativePort, type NativePort } from "./native-port.js";
