/** For messages about credentials that are missing or are not taken any more. */
export const HOW_TO_SIGN_IN =
  "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to a credential file";
