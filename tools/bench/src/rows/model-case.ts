/** Shared by the rows `train`, `dispatch` and `predict`: steps of one backbone, in Chorus and in its peers. */
import { availableParallelism } from 'node:os';
import { type Comparison, type ComparisonKind, compare, type Goal } from '../comparison.ts';
import type { Contestant } from '../contestants/contestant-process.ts';
import type { ModelTask } from '../contestants/model-task.ts';
import { chorus } from '../contestants/peers.ts';
import { fastestOf } from '../rounds/fastest.ts';
import { pairedRounds } from '../rounds/paired-rounds.ts';
import { measurementOf, type Rounds } from '../rounds/rounds.ts';
import { peakMemory } from '../rounds/samples.ts';
import type { CaseResult, RowOptions } from '../row.ts';

/** A peer to compare with. */
export interface Peer {
  name: string;
  /** The variants, of which the fastest takes part. */
  ways: readonly Contestant[];
  /** The compared quantities, and the goals for Chorus's default mode. */
  goals: Partial<Record<ComparisonKind, readonly Goal[]>>;
}

const backboneNames = { 'mobilenet-v2': 'MobileNetV2', 'inception-v3': 'InceptionV3', xception: 'Xception' } as const;

/** The article's three backbones. */
export type ComparedBackbone = keyof typeof backboneNames;
export const comparedBackbones = Object.keys(backboneNames) as ComparedBackbone[];

export interface ModelCase {
  backbone: ComparedBackbone;
  batchSize: number;
  inputSize: number;
}

/** Selects the requested cases of a row. */
export function chosenCases<Case extends ModelCase>(cases: readonly Case[], options: RowOptions): Case[] {
  const wanted = cases.filter((one) => titleOf(one).includes(options.case ?? ''));
  return options.quick ? wanted.slice(0, 1) : wanted;
}

/** Creates the task of all contestants of a case. */
export function taskOf(work: ModelTask['work'], { backbone, batchSize, inputSize }: ModelCase): ModelTask {
  return { work, backbone, batchSize, inputSize, seed: 1, threads: availableParallelism() };
}

/** Tries the peers' variants, then runs all in turn; yields several cases if they do not fit into memory together. */
export async function* modelCase(
  task: ModelTask,
  peers: readonly Peer[],
  options: RowOptions,
): AsyncGenerator<CaseResult> {
  const title = titleOf(task as ModelCase);
  const turns = {
    roundSeconds: options.quick ? 0.3 : 1,
    onProgress: (words: string) => options.onProgress(`${title}: ${words}`),
  };
  const remarks: string[] = [];
  const chosen: (Peer & { contestant: Contestant })[] = [];
  for (const peer of peers) {
    const fastest = await fastestOf(peer.name, peer.ways, turns);
    remarks.push(...fastest.remarks);
    chosen.push({ ...peer, contestant: fastest.contestant });
  }
  const ours = chorus(task);
  let left: readonly Contestant[] = chosen.map(({ contestant }) => contestant);
  for (let isFirst = true; left.length > 0; isFirst = false) {
    const rounds = await pairedRounds(ours, left, { ...turns, roundCount: options.roundCount });
    left = rounds.left;
    yield {
      title: isFirst ? title : `${title}, contestants that did not fit into memory with the others`,
      contestants: rounds.prepared,
      measurements: rounds.measurements,
      comparisons: ours.flatMap(({ name }, way) =>
        chosen
          .filter(({ contestant }) => contestant.name in rounds.prepared)
          .flatMap(({ contestant, goals }) => comparisons(rounds, name, contestant.name, goals, way === 0)),
      ),
      remarks: isFirst ? remarks : [],
    };
  }
}

// --- internal ---

/** Returns the title: backbone, batch and size. */
function titleOf({ backbone, batchSize, inputSize }: ModelCase): string {
  return `${backboneNames[backbone]}, batch ${batchSize}, ${inputSize} px`;
}

/** Goals apply to the default mode; the other modes are only shown. */
function comparisons(
  rounds: Rounds,
  ours: string,
  peer: string,
  goals: Peer['goals'],
  isOwnWay: boolean,
): Comparison[] {
  return (Object.entries(goals) as [ComparisonKind, readonly Goal[]][])
    .filter(([kind]) => kind !== 'memory' || process.platform === 'linux')
    .map(([kind, bounds]) => {
      const quantity = kind === 'memory' ? peakMemory : 'step';
      const [own, theirs] = [measurementOf(rounds, ours, quantity), measurementOf(rounds, peer, quantity)];
      return compare(kind, own, theirs, isOwnWay ? bounds : []);
    });
}
