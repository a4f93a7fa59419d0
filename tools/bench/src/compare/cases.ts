/** The settings in which ensembles are compared: how many images, of how many classes, with which faults. */

/** The images that a case draws from. */
export type Photographs = 'cats and dogs' | 'five classes';

export interface Case {
  name: string;
  title: string;
  photographs: Photographs;
  /** Training images of the largest class. */
  perClass: number;
  /** Training images of the largest class divided by those of the smallest one. */
  imbalance: number;
  /** Share of the training images that get a wrong label. */
  noise: number;
  drawCount: number;
}

export const cases: readonly Case[] = [
  ...[10, 25, 50, 100].map((perClass) => caseOf(`few-${perClass}`, `${perClass} images a class`, { perClass })),
  caseOf('all', '1,000 images a class, all there are', { perClass: 1000, drawCount: 1 }),
  caseOf('imbalance', '200 cats and 10 dogs', { perClass: 200, imbalance: 20, drawCount: 5 }),
  caseOf('noise-10', '200 images a class, 10 % with wrong labels', { perClass: 200, noise: 0.1, drawCount: 5 }),
  caseOf('noise-20', '200 images a class, 20 % with wrong labels', { perClass: 200, noise: 0.2, drawCount: 5 }),
  fiveClasses('five', 'five classes, 100 images each', {}),
  fiveClasses('five-imbalance', 'five classes, from 140 images of the largest to 7 of the smallest', {
    ...{ perClass: 140, imbalance: 20 },
  }),
  fiveClasses('five-noise', 'five classes, 100 images each, 20 % with wrong labels', { noise: 0.2 }),
];

// --- internal ---

function caseOf(name: string, title: string, differences: Partial<Case>): Case {
  return {
    ...{ name, title, photographs: 'cats and dogs', perClass: 100, imbalance: 1, noise: 0, drawCount: 10 },
    ...differences,
  };
}

function fiveClasses(name: string, title: string, differences: Partial<Case>): Case {
  return caseOf(name, title, { photographs: 'five classes', drawCount: 3, ...differences });
}
