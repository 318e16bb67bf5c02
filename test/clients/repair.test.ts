/** Defective answers of other servers, once mended, are read by every major of OpenAI's client as OpenAI's own are. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Client, expectAnswer, type Helpers, readStreamed } from "../support/read-repaired.ts";
import { REPAIR_CASES } from "../support/repair-cases.ts";
import { type RepairingServer, startRepairingServer } from "../support/repairing-server.ts";
import { helpersOf, MAJORS } from "./openai-majors.ts";

let server: RepairingServer;
beforeAll(async () => {
  server = await startRepairingServer();
});
afterAll(() => server?.close());

describe.each(MAJORS)("openai $major", ({ sdk }) => {
  const connect = () => new sdk.OpenAI({ apiKey: "any", baseURL: `${server.url}/v1`, maxRetries: 0 });
  // The majors differ in types that no test here depends on.
  const common = (client: unknown) => client as Client;

  test.each(REPAIR_CASES.filter(({ expected }) => expected.error === undefined))("$name", async (given) => {
    const client = connect();
    const { name: model, streamed, expected } = given;
    if (streamed) {
      const helpers: unknown = helpersOf(client);
      expectAnswer(await readStreamed(common(client), helpers as Helpers, model), expected);
    } else {
      expectAnswer(await common(client).chat.completions.create({ model, messages: [] }), expected);
    }
  });

  test.each(REPAIR_CASES.filter(({ expected }) => expected.error !== undefined))(
    "$name is thrown",
    async (given) => {
      const client = connect();
      const { name: model, streamed, expected } = given;
      let text = "";
      const failure: unknown = await (async () => {
        if (!streamed) return client.chat.completions.create({ model, messages: [] });
        const stream = await client.chat.completions.create({ model, messages: [], stream: true });
        for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
      })().catch((thrown: unknown) => thrown);
      expect(failure).toBeInstanceOf(sdk.APIError);
      expect(failure).toMatchObject({ code: expected.error?.code });
      expect((failure as Error).message).toContain(expected.error?.message);
      if (streamed) expect(text).toBe(expected.text);
      else expect(failure).toMatchObject({ status: expected.error?.status });
    },
  );
});
