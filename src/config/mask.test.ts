import { expect, test } from "vitest";
import { configFrom } from "../../test/support/gateway-from-yaml.ts";
import { masked, secretsOf } from "./mask.ts";

const YAML = `
server: { apiKeys: [access-key-one, access-key-two] }
tracing: { endpoint: "http://collector:4318", headers: { authorization: collector-key } }
upstreams:
  g: { kind: gemini-api, apiKeys: [gemini-key] }
  v: { kind: openai-compatible, baseUrl: "http://127.0.0.1:1/v1", apiKey: vllm-key }
`;
const SECRETS = ["access-key-one", "access-key-two", "collector-key", "gemini-key", "vllm-key"];

test("S-46 every secret of a configuration is found, and masked where it is shown", () => {
  const { config } = configFrom(YAML);
  expect(secretsOf(config).toSorted()).toEqual(SECRETS);
  const shown = JSON.stringify(masked(config));
  for (const secret of SECRETS) expect(shown).not.toContain(secret);
  expect(shown).toContain('"headers":{"authorization":"***"}');
});
