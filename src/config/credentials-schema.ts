/** How an upstream signs in to Google. */
import { z } from "zod";
import { path, secret } from "./field-kinds.ts";

const adc = z
  .strictObject({ kind: z.literal("adc") })
  .describe(
    "Application default credentials: GOOGLE_APPLICATION_CREDENTIALS, the gcloud login, the metadata server, in this order. Where there are none, each caller's own token is passed on.",
  );

const serviceAccount = z
  .strictObject({
    kind: z.literal("service-account"),
    file: path("The JSON key file of the service account."),
  })
  .describe("A service account's key file.");

const file = z
  .strictObject({
    kind: z.literal("file"),
    file: path("A Google credential file of any type: service account, login, federation, impersonation."),
  })
  .describe("A Google credential file of any type.");

const metadata = z
  .strictObject({ kind: z.literal("metadata") })
  .describe("The service account of the machine, from the metadata server of GCE, GKE and Cloud Run.");

const federation = z
  .strictObject({
    kind: z.literal("federation"),
    file: path("The credential configuration file that `gcloud iam workload-identity-pools` writes."),
  })
  .describe("Workload identity federation.");

const gcloud = z
  .strictObject({ kind: z.literal("gcloud") })
  .describe("The login of `gcloud auth application-default login`, and nothing else.");

const token = z
  .strictObject({
    kind: z.literal("token"),
    token: secret("A Google access token. It is not renewed: when it expires, calls fail."),
  })
  .describe("A fixed access token, for trying things out.");

const caller = z
  .strictObject({ kind: z.literal("caller") })
  .describe("Each caller's own Google token, sent as the OpenAI API key, is passed on.");

const own = [adc, serviceAccount, file, metadata, federation, gcloud, token] as const;

const impersonate = z
  .strictObject({
    kind: z.literal("impersonate"),
    serviceAccount: z
      .string()
      .max(256)
      .regex(
        /^[A-Za-z0-9._-]+@[A-Za-z0-9.:-]+$/,
        "is not a service account, for example `name@my-project.iam.gserviceaccount.com`",
      )
      .describe("The service account to act as."),
    source: z
      .discriminatedUnion("kind", own)
      .default({ kind: "adc" })
      .describe("The credentials allowed to impersonate it."),
  })
  .describe("Another service account's identity, lent to the source credentials.");

export const credentialsSchema = z.discriminatedUnion("kind", [...own, impersonate, caller]);

export type CredentialsConfig = z.infer<typeof credentialsSchema>;
