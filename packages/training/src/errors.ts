/** The run was asked to stop and did so at the next batch. Exit code 130. */
export class StoppedError extends Error {
  override name = 'StoppedError';
}

/** A training that cannot go on, for a reason that its settings or its images give. */
export class TrainingError extends Error {
  override name = 'TrainingError';
  readonly code = 'loss-not-finite';
}
