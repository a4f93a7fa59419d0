/** What a prediction of each member and of the ensemble costs. */
import { type MemberManifest, memberCost } from '@chorus/models';
import type { LaneWork } from '../lanes/lane.ts';
import type { CostsReport } from './cost-schema.ts';

/** The size and the work of a member. */
export interface MemberSize {
  name: string;
  /** Of its weights in the bundle. */
  bytes: number;
  /** Work of a prediction, in the unit of `memberCost`. */
  work: number;
}

/** A member and its number of models. */
export interface SizedMember extends MemberSize {
  modelCount: number;
}

/** @param manifests of the member's models in the bundle. */
export function memberSize(
  name: string,
  manifests: readonly Pick<MemberManifest, 'backbone' | 'tensors'>[],
): SizedMember {
  return {
    ...{ name, modelCount: manifests.length },
    bytes: total(manifests.flatMap(({ tensors }) => tensors.map(({ byteLength }) => byteLength))),
    work: total(manifests.map(({ backbone }) => memberCost(backbone))),
  };
}

/**
 * The section of the report.
 *
 * @param sizes of all trained members.
 * @param kept names of the ensemble's members.
 * @param work of all lanes, of which the test's predictions count.
 * @param options `viewCount`: number of views of an image whose predictions are averaged.
 */
export function reportCosts(
  sizes: readonly SizedMember[],
  kept: readonly string[],
  work: readonly LaneWork[],
  { testCount, viewCount }: { testCount: number; viewCount: number },
): CostsReport {
  const allWork = total(sizes.map((one) => one.work));
  const members = sizes.map(({ name, modelCount, ...size }) => {
    return {
      name,
      passes: modelCount * viewCount,
      parameters: size.bytes / Float32Array.BYTES_PER_ELEMENT,
      megabytes: size.bytes / 1e6,
      work: size.work / allWork,
      milliseconds: millisecondsPerImage(work, [name], testCount),
    };
  });
  const inEnsemble = members.filter(({ name }) => kept.includes(name));
  const sumOf = (field: 'parameters' | 'megabytes' | 'passes' | 'work') =>
    total(inEnsemble.map((member) => member[field]));
  const times = inEnsemble.flatMap(({ milliseconds }) => (milliseconds === null ? [] : [milliseconds]));
  return {
    members,
    ensemble: {
      ...{ parameters: sumOf('parameters'), megabytes: sumOf('megabytes') },
      ...{ passes: sumOf('passes'), work: sumOf('work') },
      milliseconds: times.length === inEnsemble.length ? total(times) : null,
    },
  };
}

/**
 * The lane time in milliseconds that some models took per image in the test; null if they predicted nothing.
 *
 * @param work of all lanes.
 */
export function millisecondsPerImage(
  work: readonly LaneWork[],
  names: readonly string[],
  imageCount: number,
): number | null {
  const predictions = work.filter(({ kind, task }) => kind === 'predict' && names.includes(task));
  const milliseconds = total(predictions.map(({ startedAtMs, finishedAtMs }) => finishedAtMs - startedAtMs));
  return predictions.length === 0 ? null : milliseconds / imageCount;
}

// --- internal ---

function total(values: readonly number[]): number {
  return values.reduce((sum, one) => sum + one, 0);
}
