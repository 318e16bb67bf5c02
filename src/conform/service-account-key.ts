import { generateKeyPairSync } from "node:crypto";
import { VERTEX_SCOPE } from "./gateway-under-test.ts";

/**
 * A key file as Google gives it out, of an account that there is not.
 * @param google address of the scripted Google, which gives a token for it
 */
export function serviceAccountKey(google: string): object {
  return {
    type: "service_account",
    project_id: VERTEX_SCOPE.project,
    private_key_id: "conform",
    private_key: privateKey(),
    client_email: `conform@${VERTEX_SCOPE.project}.iam.gserviceaccount.com`,
    client_id: "1",
    token_uri: `${google}/token`,
  };
}

let made: string | undefined;

/** Made once: it takes a while. */
function privateKey(): string {
  made ??= generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  }).privateKey;
  return made;
}
