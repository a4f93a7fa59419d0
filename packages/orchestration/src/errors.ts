/** A mistake in the experiment: an unknown key, an illegal value, a device that is not there. Exit code 2. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/** Fewer members finished than an ensemble needs. Exit code 5. */
export class TooFewMembersError extends Error {
  override name = 'TooFewMembersError';
}

/** The run was asked to stop and did so at a batch edge. Exit code 130. */
export class StoppedError extends Error {
  override name = 'StoppedError';
}
