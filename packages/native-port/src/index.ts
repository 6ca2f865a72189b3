/** The few system calls that Node lacks, for transports. Read `native-port.ts`. */

export { loadNativePort, type NativePort } from "./native-port.js";
