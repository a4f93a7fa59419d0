/** The ways in which Chorus makes a training step or a prediction, the product's own first. */
export const chorusWays = ['eager'] as const;
export type ChorusWay = (typeof chorusWays)[number];
