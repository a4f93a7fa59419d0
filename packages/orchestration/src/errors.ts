/** A mistake in the experiment: an unknown key, an illegal value, a device that is not there. Exit code 2. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  /** The message's lines: what else breaks a line comes out of a value. */
  readonly lines: readonly string[];

  constructor(message: string, details: readonly string[] = [], options?: ErrorOptions) {
    const lines = [message, ...details.map((line) => `  ${line}`)];
    super(lines.join('\n'), options);
    this.lines = lines;
  }
}

/** Fewer members finished than an ensemble needs. Exit code 5. */
export class TooFewMembersError extends Error {
  override name = 'TooFewMembersError';
}
