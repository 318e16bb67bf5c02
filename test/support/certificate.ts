/** Certificates for tests of TLS: an authority, and servers that it vouches for. X.509 as in RFC 5280, in DER. */
import { type KeyObject, generateKeyPairSync, randomBytes, sign } from "node:crypto";

export interface Certificate {
  /** PEM. */
  cert: string;
  /** PEM. */
  key: string;
}

export interface Authority extends Certificate {
  name: string;
  privateKey: KeyObject;
}

const DAY_MS = 86_400_000;

/** Type and length, then the contents. */
function der(tag: number, ...contents: Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  const length = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

const sequence = (...contents: Uint8Array[]): Buffer => der(0x30, ...contents);
const integer = (...bytes: number[]): Buffer => der(0x02, Buffer.from(bytes));
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"));
/** GeneralizedTime, to the second. */
const time = (ms: number): Buffer =>
  der(0x18, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]|\..*/g, "")}Z`));

const ECDSA_WITH_SHA256 = sequence(oid("2a8648ce3d040302"));
const COMMON_NAME = oid("550403");
const SUBJECT_ALT_NAME = oid("551d11");
const BASIC_CONSTRAINTS = oid("551d13");
const TRUE = der(0x01, Buffer.from([0xff]));

const nameOf = (commonName: string): Buffer =>
  sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(commonName)))));

const pem = (bytes: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${bytes.toString("base64").replace(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`;

interface Wanted {
  subject: string;
  issuer: string;
  from: number;
  to: number;
  extension: Buffer;
}

function issue(wanted: Wanted, publicKey: KeyObject, signer: KeyObject): string {
  const { subject, issuer, from, to, extension } = wanted;
  const toBeSigned = sequence(
    der(0xa0, integer(2)),
    integer(1, ...randomBytes(15)),
    ECDSA_WITH_SHA256,
    nameOf(issuer),
    sequence(time(from), time(to)),
    nameOf(subject),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(extension)),
  );
  const signature = sign("sha256", toBeSigned, signer);
  return pem(sequence(toBeSigned, ECDSA_WITH_SHA256, der(0x03, Buffer.from([0]), signature)));
}

const newKeys = (): { publicKey: KeyObject; privateKey: KeyObject } =>
  generateKeyPairSync("ec", { namedCurve: "P-256" });

const pemOf = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }) as string;

/** A new authority, of a name of its own. */
export function newAuthority(): Authority {
  const { publicKey, privateKey } = newKeys();
  const name = `Test authority ${randomBytes(4).toString("hex")}`;
  const cert = issue(
    {
      subject: name,
      issuer: name,
      from: Date.now() - DAY_MS,
      to: Date.now() + DAY_MS,
      extension: sequence(BASIC_CONSTRAINTS, TRUE, der(0x04, sequence(TRUE))),
    },
    publicKey,
    privateKey,
  );
  return { cert, key: pemOf(privateKey), privateKey, name };
}

/** A server's certificate for one host name, good from two days ago to a day from now, or till yesterday. */
export function newCertificate(authority: Authority, host: string, expired = false): Certificate {
  const { publicKey, privateKey } = newKeys();
  const dnsName = der(0x82, Buffer.from(host));
  const cert = issue(
    {
      subject: host,
      issuer: authority.name,
      from: Date.now() - 2 * DAY_MS,
      to: Date.now() + (expired ? -DAY_MS : DAY_MS),
      extension: sequence(SUBJECT_ALT_NAME, der(0x04, sequence(dnsName))),
    },
    publicKey,
    authority.privateKey,
  );
  return { cert, key: pemOf(privateKey) };
}
