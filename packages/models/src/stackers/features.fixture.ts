import { type Stacker, stackerFromJson } from './stacker.ts';

/** A stacker that gives each image of a test other probabilities, which a fit on a few random images would not. */
export function livelyFeaturesStacker(
  features: ReadonlyMap<number, Float32Array>,
  { rowCount, memberCount, classCount }: { rowCount: number; memberCount: number; classCount: number },
): Stacker {
  const members = [...features].map(([index, { length }]) => ({ index, width: length / rowCount }));
  const outputCount = classCount === 2 ? 1 : classCount;
  const width = members.reduce((sum, member) => sum + member.width, 0);
  return stackerFromJson({
    ...{ kind: 'features', memberCount, classCount, members, strength: 1 },
    kernel: Array.from({ length: width * outputCount }, (_, index) => 5 * Math.sin(1 + index ** 2)),
    bias: Array.from({ length: outputCount }, (_, output) => output / 10),
  });
}
