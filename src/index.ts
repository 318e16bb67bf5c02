/** What `import … from "pollux"` gives. */
export { createClient } from "./client/create-client.ts";
export {
  createGateway,
  type GatewayOptions,
  type InProcessGateway,
  type TapeOptions,
} from "./client/create-gateway.ts";
export type { Observer } from "./observe/observer.ts";
export type { RequestOutcome } from "./observe/request-outcome.ts";
export type { RequestRecord } from "./observe/request-record.ts";
