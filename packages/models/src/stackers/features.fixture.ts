import { type Stacker, stackerFromJson } from './stacker.ts';

/**
 * A stacker that gives each image of a test other probabilities, which a fit on a few random images would not.
 *
 * @param features by the index of their member: [rowCount, width].
 */
export function livelyFeaturesStacker(
  features: ReadonlyMap<number, Float32Array>,
  { rowCount, memberCount, classCount }: { rowCount: number; memberCount: number; classCount: number },
): Stacker {
  const members = [...features].map(([index, { length }]) => ({ index, width: length / rowCount }));
  const outputCount = classCount === 2 ? 1 : classCount;
  const means = [...features.values()].flatMap((values) => {
    const width = values.length / rowCount;
    return Array.from({ length: width }, (_, feature) =>
      values.reduce((sum, value, index) => (index % width === feature ? sum + value / rowCount : sum), 0),
    );
  });
  const kernel = Array.from({ length: means.length * outputCount }, (_, index) => 3 * Math.sin(1 + index ** 2));
  // Centered, so that no probability is almost 0 or 1.
  const bias = Array.from({ length: outputCount }, (_, output) =>
    means.reduce((sum, mean, feature) => sum - mean * kernel[feature * outputCount + output]!, output / 10),
  );
  return stackerFromJson({ ...{ kind: 'features', memberCount, classCount, members, strength: 1 }, kernel, bias });
}
