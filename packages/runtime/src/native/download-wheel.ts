/** Downloads a wheel with the machine's pip, which verifies its hash. */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RuntimeError } from '../errors.ts';
import type { NativePlatform, Wheel } from './platforms.ts';
import { runTool, type ToolFailure } from './run-tool.ts';

/** Arguments that make the pip of any python3 download the CPython 3.11 wheel of a given platform. */
const pipDownload =
  '-m pip download --progress-bar off --no-input --disable-pip-version-check --require-hashes --no-deps --only-binary=:all: --implementation cp --python-version 3.11 --abi cp311'.split(
    ' ',
  );

/**
 * Downloads a wheel.
 *
 * @param place the target folder; pip also keeps its temporary copy there.
 * @param onSize is called with the wheel's size in bytes, once pip reports it.
 * @returns the wheel's path.
 * @throws RuntimeError when python3 or pip is missing, the index cannot be reached, or a hash does not match.
 */
export async function downloadWheel(
  platform: NativePlatform,
  wheel: Wheel,
  place: string,
  onSize: (bytes: number) => void = () => {},
): Promise<string> {
  const requirements = join(place, 'requirements.txt');
  await writeFile(requirements, `${wheel.requirement} --hash=sha256:${wheel.sha256}\n`);
  const python = process.env.CHORUS_PYTHON ?? 'python3';
  const platforms = platform.pipPlatforms.flatMap((tag) => ['--platform', tag]);
  await runTool(
    python,
    [...pipDownload, ...platforms, '--dest', place, '--requirement', requirements],
    (failure) => explain(failure, wheel, python),
    {
      // Keeps pip's temporary copy beside the wheel: the system's temporary folder may be small.
      environment: { TMPDIR: place },
      onOutput: (output) => {
        const bytes = announcedBytes(output);
        if (bytes !== undefined) onSize(bytes);
      },
    },
  );
  const name = (await readdir(place)).find((file) => file.endsWith('.whl'));
  if (name === undefined) throw new RuntimeError(`pip downloaded no wheel for ${wheel.requirement}.`);
  return join(place, name);
}

// --- internal ---

/** Parses pip's line `Downloading tensorflow_cpu-….whl (268.2 MB)`. */
function announcedBytes(output: string): number | undefined {
  const [, amount, unit] = /^\s*(?:Downloading|Using cached) \S+\.whl \(([\d.]+) ([kMG]?B)\)$/m.exec(output) ?? [];
  return amount === undefined ? undefined : Number(amount) * { B: 1, kB: 1e3, MB: 1e6, GB: 1e9 }[unit as 'B']!;
}

function explain({ missing, output }: ToolFailure, wheel: Wheel, python: string): RuntimeError {
  if (missing)
    return new RuntimeError(
      `${python} was not found, but is needed to download ${wheel.requirement}; install it: apt-get install python3 python3-pip (or set CHORUS_PYTHON to another python3).`,
    );
  if (output.includes('No module named pip'))
    return new RuntimeError(`${python} has no pip; install it: apt-get install python3-pip (or python3 -m ensurepip).`);
  if (output.includes('DO NOT MATCH THE HASHES'))
    return new RuntimeError(
      `The index served a ${wheel.requirement} that does not match sha256 ${wheel.sha256}: ${tail(output)}`,
    );
  if (output.includes('No space left'))
    return new RuntimeError(
      `There is no disk space left for ${wheel.requirement}; free some space or set CHORUS_CACHE to another folder.`,
    );
  return new RuntimeError(
    `pip could not download ${wheel.requirement}; check the network connection (PIP_INDEX_URL, PIP_CERT and HTTPS_PROXY apply): ${tail(output)}`,
  );
}

function tail(output: string): string {
  return output.trim().split('\n').slice(-3).join(' ').slice(-500);
}
