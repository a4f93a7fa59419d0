/** A mistake in the experiment, such as an unknown key, an invalid value or a missing device. Exit code 2. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  /** Lines of the message; any other line break comes from a value. */
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
