/**
 * How a browser-automation runtime asks valet-worker, the agent beside it, whether a task may run.
 *
 * @packageDocumentation
 */

export { AgentRefusal, AgentUnreachable, LeaseAborted, LeaseRevoked } from "./errors.js";
export { connect, Host, type ConnectOptions, type Lease, type LeaseOptions } from "./host.js";
export type { HostEvent, HostState, RefusalReason, Registration } from "./protocol.js";
