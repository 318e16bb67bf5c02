/** What `import … from "pollux"` gives. */
export { createClient } from "./client/create-client.ts";
export { createGateway, type GatewayOptions, type InProcessGateway } from "./client/create-gateway.ts";
