/** Makes a service account of one's own: a key file as Google's console gives out, whose token endpoint is the emulator. */
import { generateKeyPair, randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { promisify } from "node:util";

/** The JSON of a key file, field for field. */
export interface ServiceAccountKey {
  type: "service_account";
  project_id: string;
  private_key_id: string;
  /** PEM, PKCS #8. */
  private_key: string;
  client_email: string;
  client_id: string;
  auth_uri: string;
  token_uri: string;
  auth_provider_x509_cert_url: string;
  client_x509_cert_url: string;
  universe_domain: string;
}

export interface ServiceAccountOptions {
  /** Base address of an emulator, as `Emulator.url` gives it. */
  url: string;
  /** Default `emulated-project`. */
  project?: string;
  /** Default an address within the project. */
  clientEmail?: string;
}

/** A new account with a fresh RSA key. `publicKey` is PEM, for `EmulatorOptions.serviceAccountKeys`. */
export async function createServiceAccountKey(
  options: ServiceAccountOptions,
): Promise<{ key: ServiceAccountKey; publicKey: string }> {
  const project = options.project ?? "emulated-project";
  const email = options.clientEmail ?? `tester@${project}.iam.gserviceaccount.com`;
  const pair = await promisify(generateKeyPair)("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const key: ServiceAccountKey = {
    type: "service_account",
    project_id: project,
    private_key_id: randomBytes(20).toString("hex"),
    private_key: pair.privateKey,
    client_email: email,
    client_id: "100000000000000000000",
    auth_uri: `${options.url}/auth`,
    token_uri: `${options.url}/token`,
    auth_provider_x509_cert_url: `${options.url}/oauth2/v1/certs`,
    client_x509_cert_url: `${options.url}/robot/v1/metadata/x509/${encodeURIComponent(email)}`,
    universe_domain: "googleapis.com",
  };
  return { key, publicKey: pair.publicKey };
}

/**
 * Writes such a key to `path`, readable by its owner alone; point `GOOGLE_APPLICATION_CREDENTIALS` at it.
 * @throws the file system's error when it cannot be written.
 */
export async function createServiceAccountFile(
  path: string,
  options: ServiceAccountOptions,
): Promise<{ key: ServiceAccountKey; publicKey: string }> {
  const created = await createServiceAccountKey(options);
  await writeFile(path, `${JSON.stringify(created.key, null, 2)}\n`, { mode: 0o600 });
  return created;
}
