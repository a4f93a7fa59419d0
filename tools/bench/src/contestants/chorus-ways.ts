/** The ways in which Chorus makes a training step or a prediction, the product's own first. */
export const chorusWays = ['compiled', 'compiled, bfloat16', 'op by op'] as const;
export type ChorusWay = (typeof chorusWays)[number];
