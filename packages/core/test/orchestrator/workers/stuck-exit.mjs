// Handles items, and then never gets to the end of its exit.
import { neverExit } from "./ways-to-end.mjs";

export default function consume() {}

neverExit();
