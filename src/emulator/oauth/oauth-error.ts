/** What the token endpoints answer when they refuse: RFC 6749, section 5.2, which is not Google's API envelope. */
export class OAuthError extends Error {
  override readonly name = "OAuthError";
  readonly error: string;
  readonly httpStatus: number;

  constructor(error: string, description: string, httpStatus = 400) {
    super(description);
    this.error = error;
    this.httpStatus = httpStatus;
  }

  toBody(): { error: string; error_description: string } {
    return { error: this.error, error_description: this.message };
  }
}
