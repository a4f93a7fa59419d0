/** Describes the machine of a run. */
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { processorFlags } from '@chorus/runtime';

export interface Machine {
  cpu: string;
  threads: number;
  memoryGB: number;
  system: string;
  /** Instruction sets that determine the speed of matrix multiplication; empty if the system does not report them. */
  instructions: string[];
  node: string;
  /** Processors that other programs used in the second before the first row; null if the system does not report it. */
  busyBefore: number | null;
}

/** Observes the machine for a second while this process is idle. */
export async function describeMachine(): Promise<Machine> {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown processor',
    threads: availableParallelism(),
    memoryGB: Math.round(totalmem() / 1e8) / 10,
    system: `${process.platform} ${process.arch} ${release()}`,
    instructions: knownInstructions(),
    node: process.versions.node,
    busyBefore: await busyProcessors(),
  };
}

/** Returns the machine in one line and, if it is busy, a warning. */
export function machineText({ cpu, threads, memoryGB, system, instructions, node, busyBefore }: Machine): string {
  const line = `${cpu}, ${threads} threads, ${memoryGB} GB, ${system}, node ${node}${instructions.length === 0 ? '' : `, ${instructions.join(' ')}`}`;
  return busyBefore === null || busyBefore < restingShare * threads
    ? line
    : `${line}\nOther programs keep ${busyBefore.toFixed(1)} of ${threads} processors busy: the times are not reliable.`;
}

// --- internal ---

const restingShare = 0.1;

const instructionNames = ['avx2', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'amx_bf16', 'asimd', 'bf16'];

function knownInstructions(): string[] {
  const known = processorFlags();
  return instructionNames.filter((name) => known.has(name));
}

async function busyProcessors(): Promise<number | null> {
  if (process.platform !== 'linux') return null;
  const before = processorTimes();
  await pause(1000);
  const after = processorTimes();
  return ((after.busy - before.busy) / (after.all - before.all)) * cpus().length;
}

/** Returns the ticks of all processors since boot. */
function processorTimes(): { busy: number; all: number } {
  const [, words = ''] = /^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'utf8')) ?? [];
  // user nice system idle iowait …
  const ticks = words.split(' ').map(Number);
  const all = ticks.reduce((sum, one) => sum + one, 0);
  return { busy: all - ticks[3]! - ticks[4]!, all };
}
